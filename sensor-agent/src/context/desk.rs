//! Takes questions, looks up each until it is answered or hopeless, and hands the answers over.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use super::{
    Options,
    answer::Failure,
    board::Board,
    clients::{Asked, Clients, Found},
    hand_over,
};
use crate::border::{Inbound, Sender, Told, Wanted};

/// Containers that are looked up at a time. What finds no room is asked again by the container's next event.
const LOOK_UPS: usize = 4096;
/// Between two tries: an eighth of the time since the first, so that what becomes known is known an eighth later, and ...
const PAUSE_SHARE: u32 = 8;
/// ... not less ...
const MIN_PAUSE: Duration = Duration::from_millis(10);
/// ... nor more than this.
const MAX_PAUSE: Duration = Duration::from_millis(250);
/// A runtime may make the cgroup before it knows the container. After so long its events wait no more ...
const PATIENCE: Duration = Duration::from_millis(300);
/// ... and after so long it never will.
const HOPE: Duration = Duration::from_secs(5);
/// A runtime that does not answer is elapsed for so long.
const ENDURANCE: Duration = Duration::from_secs(30);

/// Ids of the containers that are being looked up.
type Busy = Arc<Mutex<HashSet<String>>>;

/// Serves until nobody can ask any more.
pub(super) async fn serve(
    options: &Options,
    mut questions: mpsc::Receiver<Wanted>,
    answers: Sender<Inbound>,
    board: Board,
) {
    let mut clients = Clients::new(options, board);
    let busy = Busy::default();
    while let Some(wanted) = questions.recv().await {
        let mut ids = lock(&busy);
        if ids.len() >= LOOK_UPS || !ids.insert(wanted.full_id.clone()) {
            continue;
        }
        drop(ids);
        let (asked, busy, answers) = (clients.of(&wanted), Arc::clone(&busy), answers.clone());
        tokio::spawn(async move {
            look_up(&asked, &wanted, &answers).await;
            lock(&busy).remove(&wanted.full_id);
        });
    }
}

async fn look_up(asked: &Asked, wanted: &Wanted, answers: &Sender<Inbound>) {
    let told = |context| Inbound::Context(Told { full_id: wanted.full_id.clone(), context });
    let start = Instant::now();
    let mut is_told = false;
    loop {
        let (patience, hope) = match asked.ask(wanted).await {
            Ok(Found { context, is_early: false }) => {
                return hand_over(answers, told(Some(context))).await;
            }
            // What is known already is told at once, and what CRI says when it is made replaces it.
            Ok(Found { context, .. }) => {
                if !std::mem::replace(&mut is_told, true) {
                    hand_over(answers, told(Some(context))).await;
                }
                (Duration::ZERO, HOPE)
            }
            Err(Failure::Absent) => (Duration::ZERO, Duration::ZERO),
            Err(Failure::NotFound) => (PATIENCE, HOPE),
            Err(Failure::Down(_)) => (ENDURANCE, ENDURANCE),
        };
        let elapsed = start.elapsed();
        if elapsed >= patience && !std::mem::replace(&mut is_told, true) {
            hand_over(answers, told(None)).await;
        }
        if elapsed >= hope {
            return;
        }
        sleep((elapsed / PAUSE_SHARE).clamp(MIN_PAUSE, MAX_PAUSE)).await;
    }
}

fn lock(busy: &Busy) -> std::sync::MutexGuard<'_, HashSet<String>> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}
