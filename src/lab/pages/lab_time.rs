//! Moments as the staff read them: relative and absolute, in their language and, where their browser has said it, in their time zone.

use crate::lab::pages::words::texts::TimeWords;
use crate::pages::phrases::fill;
use crate::vocabulary::utc_time::format_time;
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime};

const DAY: i64 = 86_400;

/// The clock of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabTime {
    /// The current time in seconds since 1970.
    pub(crate) now: i64,
    /// How many minutes the staff's clock is ahead of UTC, if the browser has said it.
    pub(crate) zone: Option<i64>,
}

/// A moment, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShownMoment {
    pub(crate) text: String,
    /// As in RFC 3339.
    pub(crate) exact: String,
}

impl LabTime {
    /// The zone that a cookie of the lab's script names, in minutes.
    pub(crate) fn read_zone(text: &str) -> Option<i64> {
        text.parse().ok().filter(|minutes| (-14 * 60..=14 * 60).contains(minutes))
    }

    fn local(self, at: i64) -> NaiveDateTime {
        let shifted = at.saturating_add(self.zone.unwrap_or(0).saturating_mul(60));
        DateTime::from_timestamp(shifted, 0).unwrap_or_default().naive_utc()
    }

    /// The moment of a date and a time of the staff's clock.
    pub(crate) fn moment_of(self, local: NaiveDateTime) -> i64 {
        local.and_utc().timestamp().saturating_sub(self.zone.unwrap_or(0).saturating_mul(60))
    }

    /// The date of the staff's calendar.
    pub(crate) fn today(self) -> NaiveDate {
        self.local(self.now).date()
    }

    /// The day of a moment, as files write it.
    pub(crate) fn day(self, at: i64) -> String {
        self.local(at).date().to_string()
    }

    /// The hour and the minute.
    pub(crate) fn clock(self, at: i64) -> String {
        format!("{}{}", self.local(at).format("%H:%M"), if self.zone.is_some() { "" } else { " UTC" })
    }

    /// The hour and the minute, with the day if it is another one.
    pub(crate) fn moment(self, at: i64, words: &TimeWords) -> ShownMoment {
        let (day, time) = (self.local(at).date(), self.clock(at));
        let text = match self.today().signed_duration_since(day).num_days() {
            0 => fill(&words.today, &[("time", &time)]),
            1 => fill(&words.yesterday, &[("time", &time)]),
            _ => {
                let (day_of_month, month) = (format!("{:02}", day.day()), format!("{:02}", day.month()));
                fill(&words.on_day, &[("day", &day_of_month), ("month", &month), ("time", &time)])
            }
        };
        ShownMoment { text, exact: format_time(at) }
    }

    /// How long ago it was.
    pub(crate) fn ago(self, at: i64, words: &TimeWords) -> ShownMoment {
        let passed = self.now.saturating_sub(at).max(0);
        let count = |phrase: &str, unit: i64| fill(phrase, &[("count", &(passed / unit).to_string())]);
        let text = match passed {
            0..60 => words.just_now.clone(),
            60..3600 => count(&words.minutes_ago, 60),
            3600..DAY => count(&words.hours_ago, 3600),
            _ => count(&words.days_ago, DAY),
        };
        ShownMoment { text, exact: format_time(at) }
    }
}

/// The moments that a person has typed: a time, a time of a day, a day, or a span of time.
pub(crate) fn read_typed_time(typed: &str, clock: LabTime) -> Option<(i64, i64)> {
    /// How far around a moment is looked, in seconds.
    const AROUND: i64 = 600;
    let typed = typed.trim().replace(['–', '—'], "-");
    let (day, rest) = match typed.split_once(' ') {
        Some((day, rest)) => (Some(read_day(day, clock.today())?), rest.trim().to_owned()),
        None => match read_day(&typed, clock.today()) {
            Some(day) => {
                let begins = clock.moment_of(day.and_hms_opt(0, 0, 0)?);
                return Some((begins, begins.saturating_add(DAY)));
            }
            None => (None, typed),
        },
    };
    let (first, last) = rest.split_once('-').map_or((rest.as_str(), None), |(first, last)| (first, Some(last)));
    let moment = |typed: &str| {
        let time = read_clock(typed)?;
        let at = clock.moment_of(day.unwrap_or(clock.today()).and_time(time));
        // Without a day, the time that was last is meant.
        Some(if day.is_none() && at > clock.now { at.saturating_sub(DAY) } else { at })
    };
    let first = moment(first)?;
    let Some(last) = last else { return Some((first.saturating_sub(AROUND), first.saturating_add(AROUND))) };
    let last = moment(last)?.saturating_add(60);
    Some((first, if last <= first { last.saturating_add(DAY) } else { last }))
}

/// `10:04`, `10h04` or `10:04:30`.
fn read_clock(typed: &str) -> Option<chrono::NaiveTime> {
    let typed = typed.trim().replace(['h', 'H'], ":");
    let mut parts = typed.splitn(3, ':');
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next().filter(|minute| minute.len() == 2)?.parse().ok()?;
    let second = parts.next().map_or(Ok(0), str::parse).ok()?;
    chrono::NaiveTime::from_hms_opt(hour, minute, second)
}

/// `2026-11-30`, `30/11/2026` or `30/11`.
fn read_day(typed: &str, today: NaiveDate) -> Option<NaiveDate> {
    let whole = |format| NaiveDate::parse_from_str(typed, format).ok();
    let of_year = |year: i32| NaiveDate::parse_from_str(&format!("{typed}/{year}"), "%d/%m/%Y").ok();
    let this_year = || of_year(today.year()).filter(|day| *day <= today).or_else(|| of_year(today.year() - 1));
    whole("%Y-%m-%d").or_else(|| whole("%d/%m/%Y")).or_else(this_year)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::pages::words::LabLanguage;

    /// 2026-11-30 10:04:00 in UTC.
    const NOW: i64 = 1_796_033_040;

    #[test]
    fn moments_are_said_in_the_language_and_the_zone_of_the_staff() {
        let words = |code: &str| &LabLanguage::for_code(code).words.time;
        let brasilia = LabTime { now: NOW, zone: Some(-180) };
        let plain = LabTime { now: NOW, zone: None };

        for (clock, code, at, moment, ago) in [
            (brasilia, "pt-BR", NOW, "hoje, 07:04", "agora mesmo"),
            (brasilia, "pt-BR", NOW - 240, "hoje, 07:00", "há 4 min"),
            (brasilia, "en", NOW - 8 * 3600, "yesterday, 23:04", "8 h ago"),
            (plain, "en", NOW - 8 * 3600, "today, 02:04 UTC", "8 h ago"),
            (plain, "es", NOW - 3 * DAY, "27/11, 10:04 UTC", "hace 3 d"),
        ] {
            assert_eq!((&*clock.moment(at, words(code)).text, &*clock.ago(at, words(code)).text), (moment, ago));
        }
        assert_eq!(plain.moment(NOW, words("en")).exact, "2026-11-30T10:04:00Z");
    }

    #[test]
    fn a_typed_time_is_the_last_one_and_a_span_may_pass_midnight() {
        let clock = LabTime { now: NOW, zone: None };
        let brasilia = LabTime { now: NOW, zone: Some(-180) };
        let midnight = NOW - 10 * 3600 - 240;

        for (typed, expected) in [
            ("10:04", Some((NOW - 600, NOW + 600))),
            (" 10h04 ", Some((NOW - 600, NOW + 600))),
            ("10:05", Some((NOW + 60 - DAY - 600, NOW + 60 - DAY + 600))),
            ("09:40-10:03", Some((NOW - 1440, NOW))),
            ("09:40–10:03", Some((NOW - 1440, NOW))),
            ("23:50-00:10", Some((midnight - 600, midnight + 660))),
            ("2026-11-29 10:04", Some((NOW - DAY - 600, NOW - DAY + 600))),
            ("29/11 10:04", Some((NOW - DAY - 600, NOW - DAY + 600))),
            ("2026-11-30", Some((midnight, midnight + DAY))),
            ("K7Q-2MD", None),
            ("10", None),
            ("25:00", None),
            ("10:4", None),
            ("ana@loja.example", None),
        ] {
            assert_eq!(read_typed_time(typed, clock), expected, "{typed}");
        }
        assert_eq!(read_typed_time("07:04", brasilia), Some((NOW - 600, NOW + 600)));
    }

    #[test]
    fn a_zone_is_a_number_of_minutes_that_exists() {
        let read = ["-180", "0", "840", "900", "x", ""].map(LabTime::read_zone);
        assert_eq!(read, [Some(-180), Some(0), Some(840), None, None, None]);
    }
}
