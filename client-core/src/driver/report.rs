//! What a round did, added up for people.

use crate::store::Applied;

/// What one round of syncing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncReport {
    /// Requests answered.
    pub exchanges: u32,
    /// Own changes accepted, those the relay had already among them.
    pub sent: u64,
    /// Own changes that are refused now.
    pub refused: u64,
    /// Own changes that wait for a person's decision now.
    pub quarantined: u64,
    /// Own changes that the relay has no room for yet: they stay unsent, and are offered again.
    pub put_off: u64,
    /// Changes that were new here.
    pub changes_received: u64,
    /// Documents that were new here.
    pub documents_received: u64,
    /// Documents that left this device.
    pub forgotten: u64,
    /// Documents among them that grew too old to be here.
    pub grown_old: u64,
    /// Documents among them that were erased for everybody.
    pub erased: u64,
    /// Own changes that the relay had not taken, and that went with these.
    pub erased_unsent: u64,
    /// Documents that cannot be opened here and were set aside.
    pub set_aside: u64,
    /// Repairs started after a digest that did not agree.
    pub repairs_started: u64,
    /// Whether roles or subscriptions changed.
    pub identity_changed: bool,
    /// Whether the relay has a new lineage, so that everything was offered again.
    pub epoch_changed: bool,
    /// Changes without a receipt.
    pub unsent_left: u64,
    /// Photos and papers (small pictures of them among them) sent to the end.
    pub attachments_sent: u64,
    /// Photos and papers received to the end.
    pub attachments_received: u64,
    /// Bytes of photos and papers that went either way.
    pub attachment_bytes: u64,
    /// Bytes of photos and papers that are still to go either way.
    pub attachment_bytes_left: u64,
    /// Whether the exchange of photos and papers broke off; the next sync goes on with it.
    pub attachments_stopped: bool,
    /// Looks at other people's health checks that the relay entered in its audit log.
    pub reads_entered: u64,
    /// Reports of a region that came, and say something else than those that were here.
    pub sheets_received: u64,
    /// Whether a report of a region was asked for and did not come; a later sync asks again.
    pub sheets_stopped: bool,
}

impl SyncReport {
    pub(super) fn add(&mut self, applied: &Applied) {
        self.exchanges = self.exchanges.saturating_add(1);
        self.sent += applied.accepted + applied.duplicate;
        self.refused += applied.refused;
        self.quarantined += applied.quarantined;
        self.put_off += applied.put_off;
        self.changes_received += applied.changes_received;
        self.documents_received += applied.documents_received;
        self.forgotten += applied.forgotten;
        self.grown_old += applied.grown_old;
        self.erased += applied.erased;
        self.erased_unsent += applied.erased_unsent;
        self.set_aside += applied.set_aside;
        self.repairs_started += applied.repairs_started;
        self.identity_changed |= applied.identity_changed;
        self.epoch_changed |= applied.epoch_changed;
        self.unsent_left = applied.unsent_left;
    }
}
