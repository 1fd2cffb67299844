//! What container runtimes, Kubernetes and the resolver of host names tell, on the egress side: async clients on one thread of their own. Questions
//! are answered with the whole context of one container each, and every pod of this node is told when it changes. The
//! sensor half waits for none of it.

mod answer;
mod board;
mod breaker;
mod clients;
mod containerd;
mod cri;
mod desk;
mod docker;
mod grpc;
mod image;
mod names;
mod oci;
mod options;
mod pods;
mod probes;
mod survey;
#[cfg(test)]
mod tests;

pub use options::{Engine, Options};
pub use pods::Kubernetes;
pub use survey::survey;

use self::{answer::Keep, board::Board};
use std::{io, thread, time::Duration};

use tokio::{
    runtime,
    sync::{mpsc, watch},
    time::sleep,
};

use crate::border::{ContextSource, Inbound, SendError, Sender, Wanted};

/// Questions that may wait. What finds no room is asked again by the container's next event.
const QUESTIONS: usize = 4096;

/// Between two looks at a full queue of the sensor half.
const FULL: Duration = Duration::from_millis(5);

/// Hands a message over as soon as there is room: what was told must not be lost.
async fn hand_over(answers: &Sender<Inbound>, message: Inbound) {
    while let Err(SendError::Full) = answers.send(message.clone()) {
        sleep(FULL).await;
    }
}

/// The running service; it ends when this is dropped.
#[derive(Debug)]
pub struct Service {
    questions: Option<mpsc::Sender<Wanted>>,
    names: watch::Sender<Vec<String>>,
    board: Board,
    thread: Option<thread::JoinHandle<()>>,
}

impl Service {
    /// Starts the thread; answers go to `answers`.
    ///
    /// # Errors
    /// The thread, or its runtime, cannot be made.
    pub fn start(options: Options, answers: Sender<Inbound>) -> io::Result<Self> {
        let (questions, waiting) = mpsc::channel(QUESTIONS);
        let (names, wanted) = watch::channel(Vec::new());
        let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let board = Board::default();
        let told = board.clone();
        let body = move || {
            runtime.block_on(async {
                if let Some(kubernetes) = options.kubernetes.clone() {
                    tokio::spawn(pods::serve(kubernetes, Keep::of(&options), answers.clone(), told.clone()));
                }
                tokio::spawn(names::serve(wanted, options.api, answers.clone()));
                desk::serve(&options, waiting, answers, told).await;
            });
            // Look-ups that hang are left.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("saker-context".to_owned()).spawn(body)?;
        Ok(Self { questions: Some(questions), names, board, thread: Some(thread) })
    }

    /// Looks up these host names from now on, and no others.
    pub fn look_up(&self, names: Vec<String>) {
        // Without a receiver the service has ended.
        self.names.send_replace(names);
    }

    /// Who was asked so far, and whether they answer.
    pub fn sources(&self) -> Vec<ContextSource> {
        self.board.read()
    }

    /// Asks for a container; says whether there was room.
    pub fn ask(&self, wanted: Wanted) -> bool {
        self.questions.as_ref().is_some_and(|questions| questions.try_send(wanted).is_ok())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ended = thread.join();
        }
    }
}
