//! Whose checks its owner looked at.

use yizhan_client_core::transport::Transport;

use super::Phone;

impl<T: Transport> Phone<T> {
    /// Tells the relay what was looked at, as the last stage of a sync does. How many looks the relay
    /// has entered.
    ///
    /// # Panics
    /// If the phone is off or its store fails.
    pub fn tell_reads(&mut self) -> u64 {
        let client = self.client.as_mut().expect("the phone is on");
        let mut driver = client.driver(&mut self.transport);
        let before = driver.report().reads_entered;
        driver.run_reads().expect("the store works");
        driver.report().reads_entered - before
    }
}
