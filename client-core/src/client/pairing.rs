//! How this device comes to act for a person.

use yizhan_proto::identity::{Identity, PairRequest, RegisterRequest, Welcome};
use yizhan_proto::outside::OutsidePairRequest;
use yizhan_proto::version::ProtocolVersion;

use super::Client;
use crate::driver::Session;
use crate::error::PairError;
use crate::transport::{RelayUrl, Transport};

impl Client {
    /// Pairs this device with a one-time code. What was written before stays, and is sent.
    ///
    /// # Errors
    /// [`PairError`]; nothing changed then.
    pub fn pair(
        &mut self,
        transport: &mut dyn Transport,
        relay: &RelayUrl,
        code: &str,
        label: &str,
    ) -> Result<Identity, PairError> {
        let device = self.store.device()?;
        let mut request = PairRequest {
            version: ProtocolVersion::CURRENT,
            code: code.to_owned(),
            device: device.device,
            public_key: device.public_key.to_vec(),
            provisional: device.provisional,
            label: label.to_owned(),
            signature: Vec::new(),
        };
        request.signature = self.store.sign(&request.signed_bytes())?.to_vec();
        let welcome = transport.pair(&request)?;
        self.welcomed(&welcome, relay)
    }

    /// Pairs this device with a token of the identity provider that the relay accepts, in place of a
    /// one-time code. What was written before stays, and is sent.
    ///
    /// # Errors
    /// [`PairError`]; nothing changed then.
    pub fn pair_outside(
        &mut self,
        transport: &mut dyn Transport,
        relay: &RelayUrl,
        token: &str,
        label: &str,
    ) -> Result<Identity, PairError> {
        let device = self.store.device()?;
        let mut request = OutsidePairRequest {
            version: ProtocolVersion::CURRENT,
            token: token.to_owned(),
            device: device.device,
            public_key: device.public_key.to_vec(),
            provisional: device.provisional,
            label: label.to_owned(),
            signature: Vec::new(),
        };
        request.signature = self.store.sign(&request.signed_bytes())?.to_vec();
        let welcome = transport.pair_outside(&request)?;
        self.welcomed(&welcome, relay)
    }

    /// Registers a driver alone, with the code of a station's standing QR.
    ///
    /// # Errors
    /// [`PairError`]; nothing changed then.
    pub fn register(
        &mut self,
        transport: &mut dyn Transport,
        relay: &RelayUrl,
        station_code: &str,
        name: &str,
        label: &str,
    ) -> Result<Identity, PairError> {
        let device = self.store.device()?;
        let mut request = RegisterRequest {
            version: ProtocolVersion::CURRENT,
            station_code: station_code.to_owned(),
            device: device.device,
            public_key: device.public_key.to_vec(),
            person: device.provisional,
            name: name.to_owned(),
            label: label.to_owned(),
            signature: Vec::new(),
        };
        request.signature = self.store.sign(&request.signed_bytes())?.to_vec();
        let welcome = transport.register(&request)?;
        self.welcomed(&welcome, relay)
    }

    fn welcomed(&mut self, welcome: &Welcome, relay: &RelayUrl) -> Result<Identity, PairError> {
        self.store
            .welcome(welcome, relay.as_str(), self.clock.now())?;
        // A stop or a wait was about who this device was before.
        self.session = Session::new(&self.store, &*self.clock)?;
        Ok(welcome.identity.clone())
    }
}
