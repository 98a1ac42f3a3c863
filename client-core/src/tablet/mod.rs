//! One tablet at a counter, several keepers: each has a profile of their own, which is a whole store
//! in a folder of its own, with its own device id, key and unsent work.
//!
//! A PIN makes a key that opens the profile's own key, which in turn opens the device's. Locked, a
//! profile is not opened by this program, signs nothing, and is not synced; what is unsent in it
//! stays, is counted, and goes when its keeper comes back. Switching writes nothing in
//! any profile, so it can lose nothing.
//!
//! The PIN guards the key and the program's screens. The bytes of a store lie as they are, unless
//! the store is encrypted, or the disk.

mod error;
mod files;
mod pin;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use yizhan_proto::DeviceId;

pub use self::error::TabletError;
use self::files::{Keeper, REGISTER, Register, SESSION, Session, profile};
pub use self::pin::Pin;
use self::pin::{Recipe, wait_ms};
use crate::clock::Clock;
use crate::store::{self, DatabaseKey, OpenKeys, SealKey, Store};

/// Characters of a keeper's name.
const NAME_CHARS_MAX: usize = 64;
/// Keepers of one tablet.
const KEEPERS_MAX: usize = 64;

/// A keeper as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeeperInfo {
    /// The name.
    pub name: String,
    /// Whether it is this keeper's turn.
    pub is_current: bool,
    /// Changes in the profile that the relay does not have; `None` if they cannot be counted
    /// without the PIN (the store is encrypted) or the profile cannot be read.
    pub unsent: Option<u64>,
}

/// A profile that was opened with its PIN: what [`crate::Client::open_with`] takes.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The keeper's name.
    pub name: String,
    /// The folder of the store.
    pub home: PathBuf,
    /// What opens it.
    pub keys: OpenKeys,
}

/// A tablet of several keepers.
#[derive(Debug, Clone)]
pub struct Tablet {
    folder: PathBuf,
}

impl Tablet {
    /// The tablet in a folder; `None` if it is not a shared one's.
    #[must_use]
    pub fn at(folder: &Path) -> Option<Self> {
        folder.join(REGISTER).exists().then(|| Self {
            folder: folder.to_owned(),
        })
    }

    /// Adds a keeper with a new profile, making the folder a shared tablet's if it is new. The
    /// keeper then pairs the profile with a code of their own.
    ///
    /// # Errors
    /// [`TabletError`]; nobody was added then.
    pub fn add(
        folder: &Path,
        name: &str,
        pin: &Pin,
        clock: &dyn Clock,
    ) -> Result<Self, TabletError> {
        if store::is_home(folder) {
            return Err(TabletError::OnePerson);
        }
        let tablet = Self {
            folder: folder.to_owned(),
        };
        store::make_folder(folder)?;
        let _turn = files::lock(folder)?;
        let mut register = tablet.register()?.unwrap_or_default();
        let name = new_name(name, &register)?;
        let mut number = 1;
        // A folder without an entry is of a keeper who was about to be added when the tablet died.
        while register
            .keepers
            .iter()
            .any(|keeper| keeper.number == number)
            || profile(folder, number).exists()
        {
            number += 1;
        }
        let mut own = [0; 32];
        clock.fill_random(&mut own)?;
        let own = SealKey(own);
        let (recipe, sealed) = seal(&own, pin, clock)?;
        let home = profile(folder, number);
        // Where SQLite can, a profile's files are encrypted, too.
        let database = store::can_encrypt().then(|| database_key(&own));
        let open = OpenKeys {
            seal: None,
            database,
        };
        Store::open_with(&home, clock, &open)?.seal_key(&own, clock)?;
        register.keepers.push(Keeper {
            number,
            name,
            recipe,
            sealed,
            failures: 0,
            failed_at: None,
        });
        tablet.keep(&register)?;
        Ok(tablet)
    }

    /// All keepers, in the order in which they came.
    ///
    /// # Errors
    /// [`TabletError`].
    pub fn keepers(&self) -> Result<Vec<KeeperInfo>, TabletError> {
        let current = self.session()?.map(|session| session.number);
        let register = self.register()?.ok_or(TabletError::NotShared)?;
        let info = |keeper: Keeper| KeeperInfo {
            is_current: current == Some(keeper.number),
            unsent: store::unsent_in(&profile(&self.folder, keeper.number)).ok(),
            name: keeper.name,
        };
        Ok(register.keepers.into_iter().map(info).collect())
    }

    /// Opens a keeper's profile with the PIN, without making it the keeper's turn: for an app that
    /// holds keys in memory.
    ///
    /// # Errors
    /// [`TabletError`]: a wrong PIN is counted before it is tried.
    pub fn unlock(&self, name: &str, pin: &Pin, clock: &dyn Clock) -> Result<Profile, TabletError> {
        let _turn = files::lock(&self.folder)?;
        let (keeper, own) = self.try_pin(name, pin, clock)?;
        Ok(self.profile(keeper.name, keeper.number, own))
    }

    /// Makes it a keeper's turn: the profile before is locked, this one is open until
    /// [`Tablet::lock`]. For programs that end after each command; what opens the profile lies in
    /// a file meanwhile (0600).
    ///
    /// # Errors
    /// [`TabletError`]: a wrong PIN is counted before it is tried, and locks nothing.
    pub fn switch(&self, name: &str, pin: &Pin, clock: &dyn Clock) -> Result<Profile, TabletError> {
        let _turn = files::lock(&self.folder)?;
        let (keeper, own) = self.try_pin(name, pin, clock)?;
        let session = Session {
            number: keeper.number,
            key: own.0,
        };
        files::write(&self.folder.join(SESSION), &session)?;
        Ok(self.profile(keeper.name, keeper.number, own))
    }

    /// It is nobody's turn from now on.
    ///
    /// # Errors
    /// [`TabletError`].
    pub fn lock(&self) -> Result<(), TabletError> {
        let _turn = files::lock(&self.folder)?;
        files::remove(&self.folder.join(SESSION))
    }

    /// The profile whose turn it is.
    ///
    /// # Errors
    /// [`TabletError::Locked`] if it is nobody's.
    pub fn current(&self) -> Result<Profile, TabletError> {
        let session = self.session()?.ok_or(TabletError::Locked)?;
        let register = self.register()?.ok_or(TabletError::NotShared)?;
        let mut keepers = register.keepers.into_iter();
        let keeper = keepers.find(|keeper| keeper.number == session.number);
        let keeper = keeper.ok_or(TabletError::Locked)?;
        Ok(self.profile(keeper.name, keeper.number, SealKey(session.key)))
    }

    /// Gives a keeper another PIN. The profile's own key stays, and so does everything in it.
    ///
    /// # Errors
    /// [`TabletError`]: as [`Tablet::unlock`].
    pub fn set_pin(
        &self,
        name: &str,
        old: &Pin,
        new: &Pin,
        clock: &dyn Clock,
    ) -> Result<(), TabletError> {
        let _turn = files::lock(&self.folder)?;
        let (keeper, own) = self.try_pin(name, old, clock)?;
        let (recipe, sealed) = seal(&own, new, clock)?;
        self.change(keeper.number, |keeper| {
            keeper.recipe = recipe;
            keeper.sealed = sealed;
        })
    }

    /// Removes a keeper, and overwrites the profile's files: what the relay has of it stays there. The
    /// device that the profile was goes on at the relay until somebody revokes it; returned is which one.
    ///
    /// The PIN is not needed: whoever left does not come back to type it. It is, to count what waits in a
    /// profile whose files are encrypted.
    ///
    /// # Errors
    /// [`TabletError::Unsent`] if anything of it is nowhere else; nothing was removed then. After any other
    /// error it can be repeated.
    pub fn remove(
        &self,
        name: &str,
        key: Option<&DatabaseKey>,
    ) -> Result<Option<DeviceId>, TabletError> {
        let _turn = files::lock(&self.folder)?;
        let mut register = self.register()?.ok_or(TabletError::NotShared)?;
        let name = name.trim();
        let at = register
            .keepers
            .iter()
            .position(|keeper| keeper.name == name);
        let at = at.ok_or_else(|| TabletError::NoKeeper(shortened(name)))?;
        let number = register.keepers[at].number;
        let home = profile(&self.folder, number);
        let left = store::unfinished_in(&home, key)?;
        if let Some(left) = left.filter(|left| left.entries + left.files + left.looks > 0) {
            let name = name.to_owned();
            return Err(TabletError::Unsent { name, left });
        }
        if self
            .session()?
            .is_some_and(|session| session.number == number)
        {
            files::remove(&self.folder.join(SESSION))?;
        }
        // The files first: a register without the keeper would leave them lying where nobody looks.
        store::remove_home(&home)?;
        register.keepers.remove(at);
        self.keep(&register)?;
        Ok(left.map(|left| left.device))
    }

    fn profile(&self, name: String, number: u32, own: SealKey) -> Profile {
        let home = profile(&self.folder, number);
        Profile {
            name,
            keys: keys(&home, own),
            home,
        }
    }

    /// Tries a PIN. It counts as wrong until it is found to be right, so that nobody gains by
    /// ending the program in between.
    fn try_pin(
        &self,
        name: &str,
        pin: &Pin,
        clock: &dyn Clock,
    ) -> Result<(Keeper, SealKey), TabletError> {
        let register = self.register()?.ok_or(TabletError::NotShared)?;
        let name = name.trim();
        let mut keepers = register.keepers.into_iter();
        let keeper = keepers
            .find(|keeper| keeper.name == name)
            .ok_or_else(|| TabletError::NoKeeper(shortened(name)))?;
        let now = clock.now();
        if let Some(failed_at) = keeper.failed_at {
            let wait = wait_ms(keeper.failures, now.ms_since(failed_at));
            if wait > 0 {
                if now < failed_at {
                    // The clock was set back: the wait begins again, and does not last for years.
                    self.change(keeper.number, |keeper| keeper.failed_at = Some(now))?;
                }
                return Err(TabletError::WaitFirst(wait));
            }
        }
        let failures = keeper.failures.saturating_add(1);
        self.change(keeper.number, |keeper| {
            keeper.failures = failures;
            keeper.failed_at = Some(now);
        })?;
        let opened = keeper
            .recipe
            .key(pin)
            .and_then(|key| key.open(&keeper.sealed));
        let Some(own) = opened.and_then(|own| <[u8; 32]>::try_from(own).ok()) else {
            return Err(TabletError::WrongPin(wait_ms(failures, 0)));
        };
        self.change(keeper.number, |keeper| {
            keeper.failures = 0;
            keeper.failed_at = None;
        })?;
        Ok((keeper, SealKey(own)))
    }

    fn change(&self, number: u32, change: impl FnOnce(&mut Keeper)) -> Result<(), TabletError> {
        let mut register = self.register()?.ok_or(TabletError::NotShared)?;
        let mut keepers = register.keepers.iter_mut();
        if let Some(keeper) = keepers.find(|keeper| keeper.number == number) {
            change(keeper);
        }
        self.keep(&register)
    }

    fn register(&self) -> Result<Option<Register>, TabletError> {
        files::read(&self.folder.join(REGISTER))
    }

    fn keep(&self, register: &Register) -> Result<(), TabletError> {
        files::write(&self.folder.join(REGISTER), register)
    }

    fn session(&self) -> Result<Option<Session>, TabletError> {
        files::read(&self.folder.join(SESSION))
    }
}

/// What opens a profile.
fn keys(home: &Path, own: SealKey) -> OpenKeys {
    OpenKeys {
        database: store::is_encrypted(home).then(|| database_key(&own)),
        seal: Some(own),
    }
}

/// The key of a profile's files, which follows from the profile's own.
fn database_key(own: &SealKey) -> DatabaseKey {
    let mut hash = Sha256::new_with_prefix(b"yizhan profile database 1");
    hash.update(own.0);
    DatabaseKey(hash.finalize().into())
}

/// A profile's own key, sealed under what a PIN makes by a new recipe.
fn seal(own: &SealKey, pin: &Pin, clock: &dyn Clock) -> Result<(Recipe, Vec<u8>), TabletError> {
    let mut salt = [0; 16];
    clock.fill_random(&mut salt)?;
    let recipe = Recipe::new(salt);
    let key = recipe.key(pin).ok_or(TabletError::PinRule)?;
    let sealed = key.seal(&own.0, clock)?;
    Ok((recipe, sealed))
}

fn new_name(name: &str, register: &Register) -> Result<String, TabletError> {
    let name = name.trim();
    let bad = |text: String| Err(TabletError::BadName(text));
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return bad(format!(
            "a keeper's name has 1 to {NAME_CHARS_MAX} characters"
        ));
    }
    if name.chars().any(char::is_control) {
        return bad("a keeper's name stands on one line".to_owned());
    }
    if register.keepers.iter().any(|keeper| keeper.name == name) {
        return bad(format!(
            "{name} keeps this tablet already; choose another name"
        ));
    }
    if register.keepers.len() >= KEEPERS_MAX {
        return bad(format!("a tablet has at most {KEEPERS_MAX} keepers"));
    }
    Ok(name.to_owned())
}

fn shortened(text: &str) -> String {
    text.chars().take(NAME_CHARS_MAX).collect()
}
