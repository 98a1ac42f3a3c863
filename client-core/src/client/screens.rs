//! What one look at a screen shows: a station's day, a driver's past, a driver at the counter.

use core::ops::Range;

use yizhan_proto::audit::Screen;
use yizhan_proto::{DocumentId, PersonId, StationId, Timestamp};

use super::Client;
use crate::error::ClientError;
use crate::model::vitals::Item;
use crate::store::{DriverCard, History, ItemTrend, Today, VisitRow};

impl Client {
    /// The day of a station: who arrived in `day`, left in it or is still there, and the beds. The
    /// caller knows the time zone, and so when a day begins and ends.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn today(&self, station: StationId, day: Range<Timestamp>) -> Result<Today, ClientError> {
        Ok(self.store.today(station, day, self.clock.now())?)
    }

    /// Open visits of a driver beside this one that are no record of the same arrival: worth a
    /// question, never a refusal.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn also_open(
        &self,
        visit: DocumentId,
        driver: PersonId,
    ) -> Result<Vec<VisitRow>, ClientError> {
        Ok(self.store.also_open(visit, driver, self.clock.now())?)
    }

    /// A driver's past: the last `rows` visits, checks, and readings of each item (0: all).
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn history(&self, driver: PersonId, rows: u32) -> Result<History, ClientError> {
        let history = self.store.history(driver, rows, self.clock.now())?;
        let readings = history.trends.iter().flat_map(|trend| &trend.readings);
        let checks = history.checks.iter().map(|row| row.id);
        let checks = checks.chain(readings.map(|reading| reading.check));
        self.shown(Screen::Listed, checks.map(|check| (check, driver)));
        Ok(history)
    }

    /// The last `rows` readings of one item of a driver (0: all); `None` if there are none here.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn trend(
        &self,
        driver: PersonId,
        item: Item,
        rows: u32,
    ) -> Result<Option<ItemTrend>, ClientError> {
        let trend = self.store.trend(driver, item, rows)?;
        let readings = trend.iter().flat_map(|trend| &trend.readings);
        self.shown(
            Screen::Listed,
            readings.map(|reading| (reading.check, driver)),
        );
        Ok(trend)
    }

    /// A driver as a keeper of a station sees them.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn driver_card(
        &self,
        driver: PersonId,
        station: StationId,
    ) -> Result<DriverCard, ClientError> {
        let now = self.clock.now();
        let card = self.store.driver_card(driver, station, now)?;
        let check = card.last_check.iter().map(|row| (row.id, row.driver));
        self.shown(Screen::Listed, check);
        Ok(card)
    }
}
