pub mod clock;
pub mod error;
pub mod relay;
pub mod store;
pub mod watch;
