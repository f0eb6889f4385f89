//! Signals wait while branches are written: a Ctrl-C between a lock and a name would leave the lock.
//!
//! Knows: which signals end a program. Must not know: what is written meanwhile.
//!
//! They are blocked in every thread and taken by one that does nothing else. It waits until no branch is being written, then
//! lets the signal do what it would have done: end the program, or nothing where whoever started it had it ignored.

use std::sync::{Mutex, MutexGuard, PoisonError};

static WRITING: Mutex<()> = Mutex::new(());

/// Until this is dropped, no signal ends the program.
pub(super) fn hold() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the signals of this thread and of those it starts from now on. To be called before there are others.
#[cfg(unix)]
pub fn watch() {
    use nix::sys::signal::{SigSet, Signal, raise};

    let ends = [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGALRM,
        Signal::SIGXCPU,
        Signal::SIGXFSZ,
    ];
    let set: SigSet = ends.into_iter().collect();
    if set.thread_block().is_err() {
        return;
    }
    let taken = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        while let Ok(signal) = set.wait() {
            let writing = hold();
            let one: SigSet = [signal].into_iter().collect();
            // What it does by default is done here and now, unless it is ignored.
            let _ = one.thread_unblock();
            let _ = raise(signal);
            let _ = one.thread_block();
            drop(writing);
        }
    });
    if taken.is_err() {
        // Without the thread they would never arrive.
        let _ = set.thread_unblock();
    }
}

/// Nothing is taken where there are no such signals.
#[cfg(not(unix))]
pub fn watch() {}
