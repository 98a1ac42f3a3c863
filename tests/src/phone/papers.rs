//! Photos and papers in its owner's hands.

use yizhan_client_core::driver::{SyncReport, TransferStep};
use yizhan_client_core::error::ClientError;
use yizhan_client_core::transport::Transport;
use yizhan_proto::{ContentHash, DocumentId, EntryId};

use super::Phone;

impl<T: Transport> Phone<T> {
    /// Puts a photo to a document.
    ///
    /// # Errors
    /// [`ClientError`].
    ///
    /// # Panics
    /// If it is off.
    pub fn attach(
        &mut self,
        document: DocumentId,
        name: &str,
        bytes: &[u8],
    ) -> Result<EntryId, ClientError> {
        self.client_mut().attach(document, name, bytes.to_vec())
    }

    /// Sends and fetches at most so many pieces, dies, and is switched on again. Whether nothing was
    /// left to do, as far as the phone could tell.
    ///
    /// # Panics
    /// If the store fails.
    pub fn move_pieces_and_die_after(&mut self, pieces: u32) -> bool {
        let client = self.client.as_mut().expect("the phone is on");
        let mut driver = client.driver(&mut self.transport);
        let mut idle = false;
        for _ in 0..pieces {
            match driver.transfer_step(None).expect("the store works") {
                TransferStep::Idle => idle = true,
                TransferStep::Moved(_) | TransferStep::Failed(_) => continue,
                TransferStep::Stopped(_) => {}
            }
            break;
        }
        self.crash();
        idle
    }

    /// Sends and fetches all it can, as a person does who wants it now.
    ///
    /// # Panics
    /// If it is off.
    pub fn move_pieces(&mut self) -> SyncReport {
        let client = self.client.as_mut().expect("the phone is on");
        let mut driver = client.driver(&mut self.transport);
        driver.run_all_transfers(&mut |_| {});
        driver.report()
    }

    /// The bytes, if all of them are on the phone.
    ///
    /// # Panics
    /// If the store fails.
    #[must_use]
    pub fn photo(&self, sha256: ContentHash) -> Option<Vec<u8>> {
        let bytes = self.client().attachment_bytes(sha256);
        bytes.expect("bytes are read")
    }

    /// Whether any file in its folder holds this text, in any form that is not compressed.
    ///
    /// # Panics
    /// If a file cannot be read.
    #[must_use]
    pub fn any_file_says(&self, text: &str) -> bool {
        let entries = std::fs::read_dir(self.home()).expect("the folder is there");
        entries.flatten().any(|entry| {
            let bytes = std::fs::read(entry.path()).expect("a file is read");
            let mut windows = bytes.windows(text.len());
            windows.any(|window| window == text.as_bytes())
        })
    }
}
