//! Reads of checks over the simulated network: lost, cut and doubled like any other message.

use yizhan_proto::audit::{CheckReads, ReadsEntered};
use yizhan_proto::{DeviceId, Fault, codec, limits};

use super::{Mishap, Net, Trouble, code_of_caller, fault_of};

impl Net {
    /// Brings reads to the relay and the answer back, as far as this network lets it.
    ///
    /// # Errors
    /// [`Trouble`] as the phone sees it.
    pub fn check_reads(
        &self,
        device: DeviceId,
        reads: &CheckReads,
    ) -> Result<ReadsEntered, Trouble> {
        let (relay, mishap) = self.begin(device)?;
        let body = codec::encode(reads);
        let serve = || {
            let reads = codec::decode(&body, limits::SMALL_REQUEST_BYTES_MAX)
                .map_err(|_| Trouble::Garbled)?;
            let caller = relay.caller(device).map_err(|error| {
                let fault = Fault::new(code_of_caller(error), error.to_string());
                Trouble::Fault(Box::new(fault))
            })?;
            self.run(relay.enter_reads(&caller, reads))
                .map_err(|error| Trouble::Fault(Box::new(fault_of(&error))))
        };
        if mishap == Some(Mishap::Doubled) {
            drop(serve());
        }
        let answer = serve();
        match mishap {
            Some(Mishap::ResponseLost) => Err(Trouble::TimedOut),
            Some(Mishap::ResponseCut) => Err(Trouble::Garbled),
            Some(_) | None => answer,
        }
    }
}
