//! Looks after a worker of the runtime that commits a write itself.
//!
//! One worker at a time waits for sockets and timers. When that one commits, nobody hears of new requests until it is done: that is
//! 0.2 ms on a healthy disk, and without end on one that hangs. So while there are such commits a thread looks every now and then, and
//! wakes another worker when one takes long.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::runtime::{Handle, RuntimeFlavor};

use super::OpenError;

/// Between two looks.
const SOON: Duration = Duration::from_millis(2);
/// After so many looks at nothing it sleeps until the next commit.
const QUIET: u32 = 16;

/// The runtime that this runs on, if it has another worker that could be woken.
pub(super) fn runtime() -> Option<Handle> {
    let runtime = Handle::try_current().ok()?;
    let several = runtime.runtime_flavor() == RuntimeFlavor::MultiThread && runtime.metrics().num_workers() > 1;
    several.then_some(runtime)
}

pub(super) struct Rescue {
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    /// Where a worker commits.
    runtime: Option<Handle>,
    /// How many commits there were.
    number: u64,
    asleep: bool,
    stop: bool,
}

/// While a commit is looked after.
pub(super) struct Watched<'a>(&'a Rescue);

impl Rescue {
    pub(super) fn start() -> Result<Self, OpenError> {
        let state: Arc<Mutex<State>> = Arc::default();
        let looked = state.clone();
        let thread = std::thread::Builder::new()
            .name("kubelite-rescue".into())
            .spawn(move || run(&looked))
            .map_err(|source| OpenError::Io { what: "starting the thread that looks after commits".into(), source })?;
        Ok(Self { state, thread: Some(thread) })
    }

    /// Looks after the commit that a worker of that runtime begins now.
    pub(super) fn watch(&self, runtime: Handle) -> Watched<'_> {
        let asleep = {
            let mut state = lock(&self.state);
            state.runtime = Some(runtime);
            state.number += 1;
            std::mem::take(&mut state.asleep)
        };
        if asleep {
            self.wake();
        }
        Watched(self)
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).runtime = None;
    }
}

impl Drop for Rescue {
    fn drop(&mut self) {
        lock(&self.state).stop = true;
        self.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread.
fn run(state: &Mutex<State>) {
    let (mut seen, mut quiet) = (0, QUIET);
    loop {
        let asleep = {
            let mut state = lock(state);
            if state.stop {
                return;
            }
            let same = state.number == seen;
            quiet = if same && state.runtime.is_none() { quiet + 1 } else { 0 };
            if same && let Some(runtime) = &state.runtime {
                // Whoever runs it finds all other tasks that can be run.
                runtime.spawn(async {});
            }
            seen = state.number;
            state.asleep = quiet >= QUIET;
            state.asleep
        };
        if asleep {
            std::thread::park();
        } else {
            std::thread::park_timeout(SOON);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpStream,
        sync::mpsc::channel,
    };

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[test]
    fn sockets_are_served_while_the_worker_that_waited_for_them_commits() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let rescue = Arc::new(Rescue::start().unwrap());
        let (heal, healed) = channel::<()>();
        let healed = Arc::new(Mutex::new(healed));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        // Who sends `!` is answered when the disk is healed, everybody else at once.
        runtime.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (rescue, healed) = (rescue.clone(), healed.clone());
                tokio::spawn(async move {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).await.is_ok() {
                        if byte == *b"!" {
                            let _watched = rescue.watch(super::runtime().unwrap());
                            healed.lock().unwrap().recv().unwrap();
                        }
                        stream.write_all(&byte).await.unwrap();
                    }
                });
            }
        });
        let connect = || {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            stream
        };
        let echo = |stream: &mut TcpStream, byte: u8| {
            let mut back = [0];
            stream.write_all(&[byte]).unwrap();
            stream.read_exact(&mut back).unwrap();
            assert_eq!(back, [byte]);
        };
        let (mut first, mut second) = (connect(), connect());
        for _ in 0..20 {
            echo(&mut first, b'a');
            first.write_all(b"!").unwrap();
            for _ in 0..5 {
                echo(&mut second, b'b');
                echo(&mut connect(), b'c');
            }
            heal.send(()).unwrap();
            let mut back = [0];
            first.read_exact(&mut back).unwrap();
        }
    }

    #[test]
    fn a_runtime_with_one_worker_has_nobody_to_wake() {
        let one = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(one.block_on(async { runtime() }).is_none() && current.block_on(async { runtime() }).is_none());
        assert!(runtime().is_none());
    }
}
