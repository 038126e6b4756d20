//! `/_test/reset`: back to how the server was when it was ready, with the same workspace and keys.

use crate::app::App;
use crate::problem::Failure;
use crate::store::dev;

/// Removes what development workspaces have, and takes back faults and time.
pub async fn reset(app: &App) -> Result<(), Failure> {
    app.faults.clear();
    // Nothing that is on its way to the database may arrive after the reset.
    let mut unwritten = app.flushing.lock().await;
    *unwritten = None;
    let mut tx = app.store.write().await?;
    app.clicks.clear();
    app.calls.lock().expect("no panic while logging").clear();
    dev::clear(&mut tx).await?;
    tx.commit().await?;
    app.destinations.clear();
    app.limiter.clear();
    app.ids.restart();
    if let Some(control) = app.clock.control() {
        control.reset();
    }
    app.hooks.wake();
    Ok(())
}
