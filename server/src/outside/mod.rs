//! Tokens of an outside identity provider (OpenID Connect): whether one is good, and for whom.
//!
//! | module | what it does |
//! | --- | --- |
//! | `config` | what the operator's file says of the provider: nothing is guessed |
//! | `keys` | the provider's public keys, and which may check which signature |
//! | `source` | where the keys come from: a file, or a URL with a bound on everything |
//! | `refresh` | when the keys may be read again: a pure decision |
//! | `token` | whether a token is good: a pure function of token, keys, configuration and time |
//!
//! A token says who somebody is to the provider. Who that is here, the relay knows
//! ([`crate::relay::Relay::link_outside`]); it never makes people from tokens.

mod config;
mod keys;
mod refresh;
mod source;
mod token;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

pub use config::{OutsideConfig, OutsideConfigError};
pub use keys::KeysError;
pub use source::SourceError;
pub use token::OutsideTokenError;

use crate::clock::Clock;
use crate::relay::OutsideBearer;
use keys::KeySet;
use refresh::{Refresh, Wanted};

/// A token opens nothing, for now or for good.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The token is not good.
    #[error(transparent)]
    Token(#[from] OutsideTokenError),
    /// The provider's keys are being read: come back in a moment.
    #[error("the identity provider's keys are being read")]
    Loading,
}

/// One identity provider.
#[derive(Debug)]
pub struct Outside {
    config: OutsideConfig,
    clock: Arc<dyn Clock>,
    keys: RwLock<Arc<KeySet>>,
    refresh: Mutex<Refresh>,
}

impl Outside {
    /// A provider whose keys are not read yet.
    #[must_use]
    pub fn new(config: OutsideConfig, clock: Arc<dyn Clock>) -> Arc<Self> {
        let refresh = Refresh::new(config.cooldown_ms(), config.age_ms_max());
        Arc::new(Self {
            config,
            clock,
            keys: RwLock::default(),
            refresh: Mutex::new(refresh),
        })
    }

    /// The provider, as it calls itself.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.config.issuer()
    }

    /// Whether its keys lie in a file.
    #[must_use]
    pub fn has_key_file(&self) -> bool {
        self.config.has_key_file()
    }

    /// Reads the provider's keys for the first time. Blocks.
    ///
    /// # Errors
    /// [`SourceError`]; the keys are then read when a token asks for them.
    pub fn load(&self) -> Result<(), SourceError> {
        self.refresh().began(self.clock.elapsed_ms());
        self.read()
    }

    /// For whom a token is good.
    ///
    /// # Errors
    /// [`OutsideError`]. Its text is for the log, and never holds the token.
    pub async fn bearer(self: &Arc<Self>, token: &str) -> Result<OutsideBearer, OutsideError> {
        let head = token::head(token, &self.config)?;
        if self.current().find(&head).is_none() {
            let wanted = self.refresh().for_unknown_key(self.clock.elapsed_ms());
            match wanted {
                Wanted::No => {}
                Wanted::UnderWay => return Err(OutsideError::Loading),
                Wanted::Yes => {
                    metrics::counter!("yizhan_outside_keys_read_total").increment(1);
                    // A task of its own: it ends even if whoever asked goes away.
                    drop(Arc::clone(self).read_apart().await);
                }
            }
        } else if self.refresh().for_age(self.clock.elapsed_ms()) {
            drop(Arc::clone(self).read_apart());
        }
        let keys = self.current();
        Ok(token::judge(
            token,
            &head,
            &keys,
            &self.config,
            self.clock.now(),
        )?)
    }

    fn read_apart(self: Arc<Self>) -> tokio::task::JoinHandle<()> {
        tokio::task::spawn_blocking(move || {
            if let Err(error) = self.read() {
                let error: &(dyn std::error::Error + 'static) = &error;
                let cause = error.source().map(ToString::to_string);
                tracing::warn!(%error, cause, "the identity provider's keys could not be read; the former ones stay");
            }
        })
    }

    /// Reads the keys, holding no lock meanwhile. A failure leaves the former ones.
    fn read(&self) -> Result<(), SourceError> {
        let read = source::read(self.config.source());
        let result = match read {
            Ok(keys) => {
                let mut current = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                *current = Arc::new(keys);
                Ok(())
            }
            Err(error) => Err(error),
        };
        self.refresh().ended(self.clock.elapsed_ms());
        result
    }

    fn current(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn refresh(&self) -> std::sync::MutexGuard<'_, Refresh> {
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
