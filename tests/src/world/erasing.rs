//! Erasures in a world.

use yizhan_proto::{DocumentId, EntryId};
use yizhan_server::error::ErasureError;
use yizhan_server::relay::{Receipt, Subject};

use super::{PhoneNo, World};

/// Ticks after which an erasure that is not through never will be.
const TICKS_MAX: usize = 10_000;

/// Erasures.
impl World {
    /// Orders a document's erasure; nothing of it was deleted yet when this returns. `None`: the
    /// relay does not have it.
    ///
    /// # Panics
    /// If the relay fails.
    pub fn order_erasure(&mut self, document: DocumentId) -> Option<EntryId> {
        let relay = self.relay().clone();
        match self.run(relay.erase(Subject::Document(document), "a test")) {
            Ok(receipt) => {
                self.erasing = true;
                self.reference().erased(document);
                Some(receipt.erasure.id)
            }
            Err(ErasureError::NotFound(_)) => None,
            Err(error) => panic!("{document}: {error}"),
        }
    }

    /// Orders the erasure of a phone's owner.
    ///
    /// # Panics
    /// If the relay does not do it.
    pub fn order_erasure_of(&mut self, phone: PhoneNo) -> EntryId {
        let owner = &self.people[phone.0];
        let (person, ids) = (owner.person.expect("a paired phone"), owner.ids.clone());
        let relay = self.relay().clone();
        let receipt = self.run(relay.erase(Subject::Person(person), "a test"));
        self.erasing = true;
        self.reference().erased_person(&ids);
        receipt.expect("it is ordered").erasure.id
    }

    /// The relay does a little of what is to be erased.
    ///
    /// # Panics
    /// If it fails.
    pub fn erase_a_little(&self) -> bool {
        let now = self.relay().time();
        self.run(self.relay().tick(now)).expect("a tick")
    }

    /// The relay does all that is to be erased.
    ///
    /// # Panics
    /// If that never comes.
    pub fn carry_out_erasures(&self) {
        if !self.erasing {
            return;
        }
        for _ in 0..TICKS_MAX {
            if !self.erase_a_little() {
                return;
            }
        }
        panic!("erasures are never through");
    }

    /// The receipt of an erasure.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn receipt(&self, erasure: EntryId) -> Receipt {
        self.run(self.relay().erasure(erasure)).expect("a receipt")
    }

    /// Whether any file of the relay, or of any phone, has these words in it.
    ///
    /// # Panics
    /// If a file cannot be read.
    #[must_use]
    pub fn anybody_says(&self, words: &str) -> Option<String> {
        let mut folders = vec![("the relay".to_owned(), self.relay_folder())];
        for phone in &self.phones {
            folders.push((phone.name().to_owned(), phone.home().to_owned()));
        }
        let says = |folder: &std::path::Path| crate::pocket::folder_says(folder, words.as_bytes());
        folders
            .into_iter()
            .find(|(_, folder)| says(folder))
            .map(|(who, _)| who)
    }
}
