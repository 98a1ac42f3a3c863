//! What can be done that is entered, each with its stable code.

use std::fmt;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What was done. The codes are stable.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Action {
            $($(#[$doc])* $name,)*
            /// Something that a newer version enters.
            Other(String),
        }

        impl Action {
            /// All that this version enters.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its code.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(text) => text,
                }
            }

            /// The action of a code.
            #[must_use]
            pub fn from_text(text: &str) -> Self {
                match text {
                    $($text => Self::$name,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

actions! {
    /// The log begins: the relay's own device, its epoch as the detail. The first entry, once.
    RelayBegan = "relay.began";
    /// The store was put back from a backup; what was entered after the backup is not here.
    RelayRestored = "relay.restored";
    /// Stations were imported: one entry a station that was made or changed.
    StationImported = "station.imported";
    /// A station's standing code was shown.
    StationCodeShown = "station.code_shown";
    /// A station was closed.
    StationClosed = "station.closed";
    /// A closed station was opened again.
    StationReopened = "station.reopened";
    /// A region was named.
    RegionNamed = "region.named";
    /// A desk was added or changed.
    DeskChanged = "desk.changed";
    /// A desk was removed.
    DeskRemoved = "desk.removed";
    /// Somebody came to belong to a desk, or belongs differently.
    DeskJoined = "desk.joined";
    /// Somebody belongs to a desk no more.
    DeskLeft = "desk.left";
    /// The operator added a person.
    PersonAdded = "person.added";
    /// A driver registered with a station's code.
    PersonRegistered = "person.registered";
    /// A person became an alias of another.
    PersonMerged = "person.merged";
    /// A role was given.
    RoleGiven = "role.given";
    /// A role was ended.
    RoleEnded = "role.ended";
    /// A pairing code was made.
    PairCodeMade = "pair_code.made";
    /// A device was paired with a person.
    DevicePaired = "device.paired";
    /// A device was revoked.
    DeviceRevoked = "device.revoked";
    /// A device is to erase itself at its next contact.
    DeviceWipeOrdered = "device.wipe_ordered";
    /// A device says that it erased itself.
    DeviceWiped = "device.wiped";
    /// A key was replaced by another.
    KeyRotated = "key.rotated";
    /// An identity of an outside provider was joined to a person.
    IdentityLinked = "identity.linked";
    /// An identity of an outside provider was parted from a person.
    IdentityUnlinked = "identity.unlinked";
    /// A report was made.
    ReportMade = "report.made";
    /// The audit log was exported.
    AuditExported = "audit.exported";
    /// Somebody looked at somebody else's health check on a device.
    CheckRead = "check.read";
    /// A change was refused because its author may not write it.
    ChangeRefused = "change.refused";
    /// A change waits for a person to decide.
    ChangeQuarantined = "change.quarantined";
    /// What a waiting change says was shown to somebody who has a part in it.
    QuarantineShown = "quarantine.shown";
    /// A waiting change was accepted.
    QuarantineAccepted = "quarantine.accepted";
    /// A waiting change was rejected.
    QuarantineRejected = "quarantine.rejected";
    /// A document was shared with another station until a date.
    DocumentShared = "document.shared";
    /// The sharing of a document was ended.
    DocumentUnshared = "document.unshared";
    /// An erasure was ordered: a person or a document.
    ErasureBegun = "erasure.begun";
    /// Everything of an erasure is gone from the relay.
    ErasureDone = "erasure.done";
    /// A device says that it holds nothing more of an erased document.
    ForgetAcknowledged = "forget.acknowledged";
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
