//! Answers: resets that no program called for. Whoever sends to a socket that is closed is answered by the system there.

use sock_record::{Call, Dir};

use super::steps::{Maker, Touch, Untold, What};
use crate::story::returned;

impl Maker<'_, '_> {
    /// The send that a reset answered: the first one after a close that had left nothing unread, and so had sent a FIN.
    pub(super) fn answered(&self, close: usize, met: usize) -> Option<usize> {
        let (story, closed) = (self.story, self.story.calls[close]);
        let number = |name: &str| closed.args.more.get(name).and_then(serde_json::Value::as_u64);
        let is_torn = number("unread").is_some_and(|unread| unread > 0);
        if is_torn || number("linger_s") == Some(0) {
            return None;
        }
        let sends = |line: &Call| line.dir == Some(Dir::Out) && line.moved().is_some();
        let mut after = story
            .calls_on(story.on(met)?)
            .skip_while(|(_, line)| line.enter < closed.enter || !sends(line));
        after.next().map(|(send, _)| send).filter(|&send| send < met)
    }

    /// Adds the reset with which the other end's system answered a send: no program there called anything.
    pub(super) fn answer(&mut self, send: usize, close: usize, to: Touch) {
        let lane = self.lanes.of_call(self.story, close);
        // It came when that send had gone, also where the program met it much later.
        self.add(What::Rst, Touch::word(lane, Untold::Answer), Some(to), false);
        let left = returned(self.story.calls[send]);
        if let Some(step) = self.steps.last_mut() {
            step.depart = left.min(step.arrive);
        }
    }
}
