//! When to stop: the first SIGTERM or SIGINT asks, the second one ends the process at once.

use std::io;

/// Waits until the process is asked to stop.
///
/// # Errors
/// If signals cannot be heard.
pub async fn asked() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
