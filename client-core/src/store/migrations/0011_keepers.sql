-- 11: several keepers on one tablet.

-- A key that the relay is being asked to know this device by; the present one holds until it does.
CREATE TABLE pending_key (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    secret_key BLOB NOT NULL            -- 32 bytes, or sealed as `sealed_key` says
) STRICT;

-- On a tablet of several keepers, the device's key lies here, sealed under a key that the keeper's
-- PIN opens; `device.secret_key` is then all zeros. 24 bytes of nonce, and XChaCha20-Poly1305.
CREATE TABLE sealed_key (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    sealed     BLOB NOT NULL CHECK (length(sealed) = 72)
) STRICT;

-- The relay's order to erase this device, believed and not yet carried out to the end.
CREATE TABLE wipe_order (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    nonce BLOB NOT NULL CHECK (length(nonce) = 16)
) STRICT;
