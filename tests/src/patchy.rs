//! Bad coverage in front of a real transport: requests that never leave, answers that never
//! come. Counts what goes through.

use std::ops::ControlFlow;

use yizhan_client_core::transport::{Transport, TransportError, WatchEvent};
use yizhan_proto::ContentHash;
use yizhan_proto::attachment::{Piece, Upload};
use yizhan_proto::audit::{CheckReads, ReadsEntered};
use yizhan_proto::codec;
use yizhan_proto::identity::{Access, PairRequest, RegisterRequest, TokenRequest, Welcome};
use yizhan_proto::report::{SheetAnswer, SheetRequest};
use yizhan_proto::sync::{SyncRequest, SyncResponse};

use crate::chance::Chance;

/// What went through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// Exchanges that the relay answered.
    pub exchanges: u64,
    /// Exchanges that were cut, before or after the relay had served them.
    pub cut: u64,
    /// Bytes of request bodies, before content encoding.
    pub bytes_up: u64,
    /// Bytes of response bodies, before content encoding.
    pub bytes_down: u64,
}

/// A transport with bad coverage.
#[derive(Debug)]
pub struct Patchy<T> {
    inner: T,
    chance: Chance,
    cut_one_in: u64,
    passed: Passed,
}

impl<T: Transport> Patchy<T> {
    /// Cuts one exchange in `cut_one_in`; 0: none.
    pub fn new(inner: T, chance: Chance, cut_one_in: u64) -> Self {
        Self {
            inner,
            chance,
            cut_one_in,
            passed: Passed::default(),
        }
    }

    /// Changes how often exchanges are cut; 0: never.
    pub fn cut_one_in(&mut self, cut_one_in: u64) {
        self.cut_one_in = cut_one_in;
    }

    /// What went through so far.
    pub fn passed(&self) -> Passed {
        self.passed
    }

    fn strikes(&mut self) -> bool {
        self.cut_one_in > 0 && self.chance.one_in(self.cut_one_in)
    }
}

impl<T: Transport> Transport for Patchy<T> {
    fn pair(&mut self, request: &PairRequest) -> Result<Welcome, TransportError> {
        self.inner.pair(request)
    }

    fn register(&mut self, request: &RegisterRequest) -> Result<Welcome, TransportError> {
        self.inner.register(request)
    }

    fn token(&mut self, request: &TokenRequest) -> Result<Access, TransportError> {
        self.inner.token(request)
    }

    fn sync(&mut self, token: &str, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        let before = self.strikes();
        if before && self.chance.one_in(2) {
            self.passed.cut += 1;
            return Err(TransportError::offline("a tunnel"));
        }
        let response = self.inner.sync(token, request)?;
        self.passed.bytes_up += codec::encode(request).len() as u64;
        self.passed.bytes_down += codec::encode(&response).len() as u64;
        if before {
            self.passed.cut += 1;
            return Err(TransportError::timed_out("the answer, in a tunnel"));
        }
        self.passed.exchanges += 1;
        Ok(response)
    }

    fn put_piece(&mut self, token: &str, piece: &Piece) -> Result<Upload, TransportError> {
        if !self.strikes() {
            return self.inner.put_piece(token, piece);
        }
        self.passed.cut += 1;
        if self.chance.one_in(2) {
            return Err(TransportError::offline("a tunnel"));
        }
        self.inner.put_piece(token, piece)?;
        Err(TransportError::timed_out("the answer, in a tunnel"))
    }

    fn get_piece(
        &mut self,
        token: &str,
        sha256: ContentHash,
        at: u64,
        len: usize,
    ) -> Result<Vec<u8>, TransportError> {
        if self.strikes() {
            self.passed.cut += 1;
            return Err(TransportError::offline("a tunnel"));
        }
        self.inner.get_piece(token, sha256, at, len)
    }

    fn check_reads(
        &mut self,
        token: &str,
        reads: &CheckReads,
    ) -> Result<ReadsEntered, TransportError> {
        let before = self.strikes();
        if before && self.chance.one_in(2) {
            self.passed.cut += 1;
            return Err(TransportError::offline("a tunnel"));
        }
        let entered = self.inner.check_reads(token, reads)?;
        if before {
            self.passed.cut += 1;
            return Err(TransportError::timed_out("the answer, in a tunnel"));
        }
        Ok(entered)
    }

    fn sheet(
        &mut self,
        token: &str,
        request: &SheetRequest,
    ) -> Result<SheetAnswer, TransportError> {
        if self.strikes() {
            self.passed.cut += 1;
            return Err(TransportError::offline("a tunnel"));
        }
        self.inner.sheet(token, request)
    }

    fn watch(
        &mut self,
        token: &str,
        on_event: &mut dyn FnMut(WatchEvent) -> ControlFlow<()>,
    ) -> Result<(), TransportError> {
        self.inner.watch(token, on_event)
    }
}
