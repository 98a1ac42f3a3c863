//! Reports of a region over the simulated network: lost, cut and doubled like any other message.

use yizhan_client_core::model::report::{Month, What};
use yizhan_proto::report::{SheetAnswer, SheetRequest};
use yizhan_proto::{DeviceId, Fault, FaultCode};
use yizhan_server::error::SheetError;
use yizhan_server::relay::SheetWanted;

use super::{Mishap, Net, Trouble, code_of_caller, fault_of};

impl Net {
    /// Asks the relay for a report of a region, as far as this network lets it.
    ///
    /// # Errors
    /// [`Trouble`] as the phone sees it.
    pub fn sheet(&self, device: DeviceId, request: &SheetRequest) -> Result<SheetAnswer, Trouble> {
        let (relay, mishap) = self.begin(device)?;
        let refused = |fault: Fault| Trouble::Fault(Box::new(fault));
        let caller = relay
            .caller(device)
            .map_err(|error| refused(Fault::new(code_of_caller(error), error.to_string())))?;
        let wanted = wanted(request)
            .ok_or_else(|| refused(Fault::new(FaultCode::Invalid, "no such report")))?;
        let sheet = self
            .run(relay.sheet(&caller, wanted))
            .map_err(|error| refused(fault_of_sheet(&error)))?;
        let body = (request.have != Some(sheet.version)).then(|| sheet.body.to_vec());
        match mishap {
            Some(Mishap::ResponseLost) => Err(Trouble::TimedOut),
            Some(Mishap::ResponseCut) => Err(Trouble::Garbled),
            Some(_) | None => Ok(SheetAnswer {
                made_at: sheet.made_at,
                version: sheet.version,
                body,
            }),
        }
    }
}

fn wanted(request: &SheetRequest) -> Option<SheetWanted> {
    let month = |text: &str| text.parse::<Month>().ok();
    let months = match &request.months {
        Some((from, to)) => Some((month(from)?, month(to)?)),
        None => None,
    };
    Some(SheetWanted {
        what: What::from_text(&request.what)?,
        region: request.region.clone(),
        months,
    })
}

fn fault_of_sheet(error: &SheetError) -> Fault {
    match error {
        SheetError::NotCoordinated(_) => Fault::new(FaultCode::Forbidden, error.to_string()),
        SheetError::Relay(error) => fault_of(error),
    }
}
