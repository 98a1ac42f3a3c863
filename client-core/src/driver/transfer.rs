//! Photos and papers after the documents: one step is one piece, in one commit.
//!
//! A file that fails waits by itself, with the reason, and others go on. Only what concerns the way
//! to the relay ends the whole thing, which is then taken up again with the next sync.

use yizhan_proto::attachment::Piece;
use yizhan_proto::{ContentHash, Fault, FaultCode};

use super::{Driver, SyncReport};
use crate::engine::Input;
use crate::engine::transfer::{self, Job, Move, Way};
use crate::store::{StoreError, Transfer, TransferWay};
use crate::transport::TransportError;

/// The first wait of a file that failed, milliseconds; it doubles.
const WAIT_MIN_MS: i64 = 60 * 1_000;
/// The longest.
const WAIT_MAX_MS: i64 = 60 * 60 * 1_000;
/// Answers in a row that make no sense, after which the way to the relay is to blame.
const GARBLED_MAX: u32 = 3;
/// Times in one run that the relay may say another offset of one file.
const RESETS_MAX: u32 = 3;

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferStep {
    /// Nothing is to be sent or fetched now.
    Idle,
    /// A piece went; the file may be whole now.
    Moved(ContentHash),
    /// This file failed, and waits.
    Failed(ContentHash),
    /// There is no way to the relay; why, in a sentence.
    Stopped(String),
}

/// What is counted in one run.
#[derive(Debug, Default)]
pub(super) struct Run {
    garbled: u32,
    renewed: bool,
    resets: std::collections::BTreeMap<ContentHash, u32>,
}

/// What an error means for the file it is about, and for the others.
enum Meaning {
    /// The token has run out.
    Renew(Option<Vec<u8>>),
    /// The next piece begins elsewhere.
    Offset(u64),
    /// This file waits: a stable code.
    File(String),
    /// All wait.
    Way,
}

impl Driver<'_> {
    /// Brings what this device keeps of photos and papers into line with its documents, then sends
    /// and fetches until nothing is left or there is no way; `only` one file, if a person waits for
    /// that. Calls `on_progress` after every piece. Returns why it ended early, if it did.
    ///
    /// # Errors
    /// [`StoreError`]; what went before stays.
    pub fn run_transfers(
        &mut self,
        only: Option<ContentHash>,
        on_progress: &mut dyn FnMut(&SyncReport),
    ) -> Result<Option<String>, StoreError> {
        self.store.reconcile_files(self.clock.now())?;
        self.session.transfers = Run::default();
        loop {
            match self.transfer_step(only)? {
                TransferStep::Idle => return Ok(None),
                TransferStep::Stopped(why) => return Ok(Some(why)),
                TransferStep::Failed(_) => {}
                TransferStep::Moved(_) => on_progress(&self.session.report),
            }
        }
    }

    /// [`Driver::run_transfers`] for all files, because a person wants it: no wait of a single file
    /// applies. Documents are through by then, so whatever happens here is told by the report and by
    /// each file, and fails no sync.
    pub fn run_all_transfers(&mut self, on_progress: &mut dyn FnMut(&SyncReport)) {
        let begun = self.store.end_transfer_waits();
        let ended = begun.and_then(|()| self.run_transfers(None, on_progress));
        self.session.report.attachments_stopped = !matches!(ended, Ok(None));
    }

    /// Sends or fetches one piece.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of the step was stored.
    pub fn transfer_step(&mut self, only: Option<ContentHash>) -> Result<TransferStep, StoreError> {
        let all = self.store.transfers()?;
        self.session.report.attachment_bytes_left = all
            .iter()
            .map(|one| one.bytes.saturating_sub(one.done.unwrap_or(0)))
            .sum();
        let wanted = |one: &&Transfer| only.is_none_or(|only| one.sha256 == only);
        let jobs: Vec<Job> = all.iter().filter(wanted).map(job).collect();
        let Some(step) = transfer::next(&jobs, self.clock.now()) else {
            return Ok(TransferStep::Idle);
        };
        let tries = all
            .iter()
            .find(|one| one.sha256 == step.sha256())
            .map_or(0, |one| one.tries);
        let moved = match step {
            Move::Send {
                sha256,
                at,
                len,
                whole,
            } => self.send_piece(sha256, at, len, whole)?,
            Move::Fetch { sha256, at, len } => self.fetch_piece(sha256, at, len)?,
        };
        match moved {
            Ok(()) => {
                self.session.transfers.garbled = 0;
                Ok(TransferStep::Moved(step.sha256()))
            }
            Err(error) => self.transfer_failed(&step, tries, &error),
        }
    }

    fn send_piece(
        &mut self,
        sha256: ContentHash,
        at: u64,
        len: usize,
        whole: u64,
    ) -> Result<Result<(), TransportError>, StoreError> {
        let bytes = self.store.piece(sha256, at, len)?;
        if bytes.len() != len {
            let why = "this phone's own copy is damaged; attach it again";
            return Ok(Err(Fault::new(FaultCode::AttachmentMismatch, why).into()));
        }
        let sent = u64::try_from(len).unwrap_or(u64::MAX);
        let piece = Piece {
            sha256,
            at,
            bytes,
            whole,
        };
        let token = self.store.access()?.token.unwrap_or_default();
        let upload = match self.transport.put_piece(&token, &piece) {
            Ok(upload) => upload,
            Err(error) => return Ok(Err(error)),
        };
        let stuck = !upload.complete && upload.have >= whole;
        if stuck {
            self.store.ask_sent(sha256)?;
        } else {
            self.store.note_sent(sha256, upload.have, upload.complete)?;
        }
        let report = &mut self.session.report;
        report.attachment_bytes += sent;
        report.attachments_sent += u64::from(upload.complete);
        // One that takes pieces and is no further afterwards would be sent them for ever.
        if len > 0 && !upload.complete && upload.have <= at && !self.may_reset(sha256) {
            let why = "the relay takes pieces of this file and does not keep them";
            return Ok(Err(Fault::new(FaultCode::Internal, why).into()));
        }
        // A relay that has everything and does not say that it is complete is asked anew another time.
        if stuck {
            let why = "the relay has all bytes and does not call them complete";
            return Ok(Err(Fault::new(FaultCode::Internal, why).into()));
        }
        Ok(Ok(()))
    }

    /// Counts that the next piece of a file begins where it began before, or elsewhere; whether it is
    /// to be tried once more in this run.
    fn may_reset(&mut self, sha256: ContentHash) -> bool {
        let resets = self.session.transfers.resets.entry(sha256).or_default();
        *resets += 1;
        *resets <= RESETS_MAX
    }

    fn fetch_piece(
        &mut self,
        sha256: ContentHash,
        at: u64,
        len: usize,
    ) -> Result<Result<(), TransportError>, StoreError> {
        let token = self.store.access()?.token.unwrap_or_default();
        let piece = match self.transport.get_piece(&token, sha256, at, len) {
            Ok(piece) if piece.is_empty() || piece.len() > len => {
                return Ok(Err(TransportError::garbled("a piece of another length")));
            }
            Ok(piece) => piece,
            Err(error) => return Ok(Err(error)),
        };
        let whole = self.store.note_piece(sha256, at, &piece)?;
        let report = &mut self.session.report;
        report.attachment_bytes += u64::try_from(piece.len()).unwrap_or(0);
        match whole {
            Some(whole) => {
                report.attachments_received += u64::from(whole);
                Ok(Ok(()))
            }
            None => {
                let why = "what came is not what the document names; it was dropped";
                Ok(Err(Fault::new(FaultCode::AttachmentMismatch, why).into()))
            }
        }
    }

    fn transfer_failed(
        &mut self,
        step: &Move,
        tries: u32,
        error: &TransportError,
    ) -> Result<TransferStep, StoreError> {
        let sha256 = step.sha256();
        let code = match meaning(error) {
            Meaning::Way => return Ok(TransferStep::Stopped(error.to_string())),
            Meaning::Renew(challenge) => {
                if !self.session.transfers.renewed {
                    self.session.transfers.renewed = true;
                    if matches!(self.renew(challenge)?, Input::TokenObtained { .. }) {
                        return Ok(TransferStep::Moved(sha256));
                    }
                }
                return Ok(TransferStep::Stopped(error.to_string()));
            }
            Meaning::Offset(have) => {
                if self.may_reset(sha256) {
                    self.store.note_sent(sha256, have, false)?;
                    return Ok(TransferStep::Moved(sha256));
                }
                FaultCode::AttachmentOffset.as_str().to_owned()
            }
            Meaning::File(code) => code,
        };
        if matches!(error, TransportError::Garbled { .. }) {
            self.session.transfers.garbled += 1;
            if self.session.transfers.garbled >= GARBLED_MAX {
                return Ok(TransferStep::Stopped(error.to_string()));
            }
        }
        let wait_ms = WAIT_MIN_MS
            .saturating_mul(1 << tries.min(16))
            .min(WAIT_MAX_MS);
        let not_before = self.clock.now().saturating_add_ms(wait_ms);
        self.store
            .note_transfer_failed(sha256, &code, &error.to_string(), not_before)?;
        Ok(TransferStep::Failed(sha256))
    }
}

fn job(transfer: &Transfer) -> Job {
    Job {
        sha256: transfer.sha256,
        bytes: transfer.bytes,
        way: match transfer.way {
            TransferWay::Send => Way::Send,
            TransferWay::Fetch => Way::Fetch,
        },
        done: transfer.done,
        thumb: transfer.thumb,
        asked: transfer.asked,
        not_before: transfer.not_before,
    }
}

fn meaning(error: &TransportError) -> Meaning {
    let fault = match error {
        TransportError::Offline { .. } | TransportError::TimedOut { .. } => return Meaning::Way,
        TransportError::Garbled { .. } => return Meaning::File("transport.garbled".to_owned()),
        TransportError::Fault(fault) => fault,
    };
    match &fault.code {
        FaultCode::TokenMissing
        | FaultCode::TokenInvalid
        | FaultCode::TokenExpired
        | FaultCode::ChallengeInvalid => Meaning::Renew(fault.challenge.clone()),
        FaultCode::AttachmentOffset => fault.bound.map_or_else(
            || Meaning::File(fault.code.as_str().to_owned()),
            Meaning::Offset,
        ),
        FaultCode::UnsupportedVersion
        | FaultCode::SignatureInvalid
        | FaultCode::DeviceUnknown
        | FaultCode::DeviceRevoked
        | FaultCode::DeviceKeyReplaced
        | FaultCode::DeviceConflict
        | FaultCode::RateLimited
        | FaultCode::Busy
        | FaultCode::ShuttingDown
        | FaultCode::StorageFailed
        | FaultCode::TimedOut => Meaning::Way,
        FaultCode::Malformed
        | FaultCode::Invalid
        | FaultCode::TooLarge
        | FaultCode::UnsupportedMedia
        | FaultCode::CodeWrong
        | FaultCode::CodeExpired
        | FaultCode::PersonConflict
        | FaultCode::StationCodeInvalid
        | FaultCode::RegistrationClosed
        | FaultCode::OutsideTokenInvalid
        | FaultCode::OutsideUnknown
        | FaultCode::OutsideTokenUsed
        | FaultCode::OutsideClosed
        | FaultCode::Forbidden
        | FaultCode::NotFound
        | FaultCode::MethodNotAllowed
        | FaultCode::Conflict
        | FaultCode::RangeUnsatisfiable
        | FaultCode::AttachmentNotHere
        | FaultCode::AttachmentLength
        | FaultCode::AttachmentMismatch
        | FaultCode::AttachmentQuota
        | FaultCode::Internal
        | FaultCode::Other(_) => Meaning::File(fault.code.as_str().to_owned()),
    }
}
