//! The iterative and the threaded crew; the forking one has a test program of its own.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use sock::engine::crew::{Counts, Crew};

/// What a busy machine may take for a few milliseconds of work.
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn an_iterative_crew_has_done_the_job_when_run_returns() {
    let mut crew = Crew::iterative();
    let (tell, told) = channel();
    crew.run(move || {
        tell.send(()).unwrap();
        Counts { sent: 3, ..Counts::default() }
    })
    .unwrap();
    assert_eq!(told.try_recv(), Ok(()));
    assert_eq!((crew.len(), crew.counts().sent), (0, 3));
    assert!(crew.bell().is_none());
}

#[test]
fn threads_do_their_jobs_side_by_side() {
    let mut crew = Crew::threads().unwrap();
    let (first, for_second) = channel();
    let (second, for_first) = channel();
    // Each needs the other one to go on: one after the other they would wait for ever.
    crew.run(move || {
        first.send(()).unwrap();
        for_first.recv_timeout(LIMIT).unwrap();
        Counts { sent: 1, ..Counts::default() }
    })
    .unwrap();
    crew.run(move || {
        second.send(()).unwrap();
        for_second.recv_timeout(LIMIT).unwrap();
        Counts { sent: 2, ..Counts::default() }
    })
    .unwrap();
    assert_eq!(crew.join(Some(now() + LIMIT)).unwrap(), 0);
    assert_eq!((crew.counts().sent, crew.failed()), (3, 0));
}

#[test]
fn finished_threads_are_forgotten_after_the_bell() {
    let mut crew = Crew::threads().unwrap();
    let (open, gate) = channel::<()>();
    crew.run(move || {
        // Ends when the sender goes.
        let _ = gate.recv();
        Counts::default()
    })
    .unwrap();
    assert_eq!((crew.reap().unwrap(), crew.len()), (0, 1));
    assert_eq!(crew.join(Some(now() + Duration::from_millis(20))).unwrap(), 1);
    drop(open);
    assert_eq!(crew.join(Some(now() + LIMIT)).unwrap(), 0);
    assert!(crew.is_empty());
}

#[test]
fn a_job_that_panics_harms_no_other() {
    for mut crew in [Crew::iterative(), Crew::threads().unwrap()] {
        crew.run(|| panic!("a job that fails")).unwrap();
        crew.run(|| Counts { conversations: 1, ..Counts::default() }).unwrap();
        assert_eq!(crew.join(Some(now() + LIMIT)).unwrap(), 0);
        assert_eq!((crew.failed(), crew.counts().conversations), (1, 1));
    }
}

#[allow(clippy::disallowed_methods, reason = "a caller of the library has a clock of its own")]
fn now() -> Instant {
    Instant::now()
}
