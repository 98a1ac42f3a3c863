//! What the commands of a notice put where.

use super::{Writer, Written, ms};
use crate::model::notice::{Command, NewNotice};

impl Writer<'_> {
    pub(super) fn notice(&mut self, command: &Command) -> Written {
        match command {
            Command::Publish(new) => self.new_notice(new),
            Command::Withdraw { withdrawn_at } => self.put("withdrawn_at", ms(*withdrawn_at)),
        }
    }

    fn new_notice(&mut self, new: &NewNotice) -> Written {
        let region = new.region.as_ref();
        self.put_some("region", region.map(|region| region.as_str().to_owned()))?;
        self.put_some("station", new.station.map(|station| station.to_string()))?;
        self.put("title", new.title.as_str())?;
        self.put("text", new.text.as_str())?;
        self.put("level", new.level.as_str())?;
        self.put("published_at", ms(new.published_at))?;
        self.put_some("until", new.until.map(ms))?;
        self.put("by", new.by.to_string())
    }
}
