//! Stories: sessions over the virtual wire, held to the byte and to the nanosecond.

use core::time::Duration;

use sock_proto::Session;
use sock_proto::protocols::Echo;
use sock_proto::sim::{Cut, Outcome, Script, Sim, Wire};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn echo_answers_after_the_client_has_ended_its_direction() {
    let client = Script::new().send("hello").wait(ms(5)).send("again").finish();
    let wire = Wire { cut: Cut::At(vec![2]), ..Wire::default() };
    let story = Sim::new(1).wire(wire).run(Session::call(client), Session::answer(Echo));
    assert_eq!(
        story.transcript(),
        r#"
0.002000  client -- server  open
0.003000  server -- client  open
0.003000  client -> server  2 B  "he"
0.003000  client -> server  3 B  "llo"
0.004000  server -> client  2 B  "he"
0.004000  server -> client  3 B  "llo"
0.008000  client -> server  5 B  "again"
0.008000  client -> server  FIN
0.008000  server -- client  closed by peer (FIN)
0.009000  server -> client  5 B  "again"
0.009000  server -> client  FIN
0.009000  client -- server  closed by us (FIN)
"#
        .trim_start()
    );
    assert_eq!(story.outcome(), Outcome::Done);
}
