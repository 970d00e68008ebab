//! curl as a telnet client.

use rustix::process::Signal;

use crate::support::{Program, Server, peer};

#[test]
fn curl_telnet_talks_to_echo() {
    let Some(mut command) = peer("curl") else { return };
    let mut server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let url = format!("telnet://127.0.0.1:{}", server.port("tcp"));
    command.args(["--silent", "--show-error", "--no-buffer", "--noproxy", "*", &url]);
    let mut client = Program::start(command);
    for words in ["hello", "and again"] {
        client.say(format!("{words}\n").as_bytes());
        assert_eq!(client.line(), words);
    }
    // It takes no notice of the end of its input, and no option makes it.
    client.signal(Signal::TERM);
    assert_eq!(client.finish().expect(143).text(), "");
    let close = server.event_named("close");
    assert_eq!((&close["sent"], &close["received"]), (&16.into(), &16.into()), "{close}");
    server.stop();
}
