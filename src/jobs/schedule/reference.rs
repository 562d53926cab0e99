//! Schedules and due slots against the Go original: over a million random cases, and around each jump of each zone's clocks.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use jiff::{Timestamp, tz::TimeZone};

use super::{Schedule, due};

const RANDOM: usize = 1_000_000;
const DUE: usize = 100_000;
const PER_JUMP: usize = 40;
/// From here on, for five years.
const FROM: i64 = 1_735_689_600;
const UNTIL: i64 = FROM + 5 * 366 * 86_400;
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Xorshift: the same cases in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn second(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below((to - from).unsigned_abs())).unwrap()
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn value(&mut self, min: u64, max: u64, names: &[&str]) -> String {
        let value = min + self.below(max - min + 1);
        match self.below(40) {
            0 => format!("+{value}"),
            1 => format!("0{value}"),
            2 => (max + 1).to_string(),
            3 => self.pick(&["L", "", "-1", "x", "99999999999999999999", "frİ", "７"]).to_owned(),
            4..=9 if !names.is_empty() => {
                let name = self.pick(names);
                if self.below(2) == 0 { name.to_owned() } else { name.to_uppercase() }
            }
            _ => value.to_string(),
        }
    }

    fn item(&mut self, min: u64, max: u64, names: &[&str]) -> String {
        let mut item = match self.below(10) {
            0..=2 => self.pick(&["*", "*", "?"]).to_owned(),
            3..=5 => self.value(min, max, names),
            6 => format!("{}-{}", self.value(min, max, names), self.value(min, max, names)),
            _ => {
                let (a, b) = (min + self.below(max - min + 1), min + self.below(max - min + 1));
                format!("{}-{}", a.min(b), a.max(b))
            }
        };
        if self.below(4) == 0 {
            let step = match self.below(12) {
                0 => 0,
                1 | 2 => 1,
                3 => 70,
                4 => self.next() >> 2,
                _ => 1 + self.below(max),
            };
            item.push('/');
            item += &step.to_string();
        }
        if self.below(300) == 0 {
            item += self.pick(&["/", "-", "/2/3", "-3-4", "#2", "W", "?"]);
        }
        item
    }

    fn field(&mut self, min: u64, max: u64, names: &[&str]) -> String {
        match (self.below(3), self.below(200)) {
            (0, _) => "*".to_owned(),
            (_, 0) => self.pick(&[",", ",,", "1,,2", ",5", "5,"]).to_owned(),
            _ => {
                let items: Vec<_> = (0..=self.below(8).saturating_sub(5)).map(|_| self.item(min, max, names)).collect();
                items.join(",")
            }
        }
    }

    fn schedule(&mut self) -> String {
        match self.below(40) {
            0 => self
                .pick(&[
                    "@yearly",
                    "@annually",
                    "@monthly",
                    "@weekly",
                    "@daily",
                    "@midnight",
                    "@hourly",
                    "@reboot",
                    "@Daily",
                    "@",
                    "",
                    " ",
                    "@daily ",
                    " @daily",
                    "* * * *",
                    "* * * * * *",
                ])
                .to_owned(),
            1 => {
                let mut text = format!("@every {}", self.pick(&["", "", "", "-", "+", " "]));
                for _ in 0..=self.below(3) {
                    text += &self.below(100).to_string();
                    if self.below(3) == 0 {
                        text.push('.');
                        text += &self.below(1000).to_string();
                    }
                    text += self.pick(&["h", "m", "s", "ms", "us", "ns", "s", "m", "d", ""]);
                }
                text
            }
            _ => {
                let fields = [
                    self.field(0, 59, &[]),
                    self.field(0, 23, &[]),
                    self.field(1, 31, &[]),
                    self.field(1, 12, &MONTHS),
                    self.field(0, 6, &DAYS),
                ];
                fields.join(self.pick(&[" ", " ", " ", "  ", "\u{b}", "\u{a0}", "\u{3000}"]))
            }
        }
    }

    /// Near an hour of the day, which is where clocks jump.
    fn near(&mut self, hour: i8) -> String {
        let hour = (i64::from(hour) + self.second(-2, 2)).rem_euclid(24);
        let minute = self.below(60);
        match self.below(4) {
            0 => format!("{minute} {hour} * * *"),
            1 => format!("*/{} {hour} * * *", 1 + self.below(30)),
            2 => format!("{minute} {hour} * * {}", self.below(7)),
            _ => self.schedule(),
        }
    }
}

/// A question to both, as cron-reference takes it.
enum Question {
    Next(String, String, i64),
    Due(String, String, i64, Option<i64>, i64),
}

impl Question {
    fn line(&self) -> String {
        match self {
            Self::Next(schedule, zone, from) => format!("next\t{schedule}\t{zone}\t{from}\n"),
            Self::Due(schedule, zone, base, deadline, now) => {
                let deadline = deadline.map_or_else(|| "-".to_owned(), |seconds| seconds.to_string());
                format!("due\t{schedule}\t{zone}\t{base}\t{deadline}\t{now}\n")
            }
        }
    }

    fn answer(&self) -> String {
        let time = |second: &i64| Timestamp::from_second(*second).unwrap();
        let (Self::Next(text, zone, _) | Self::Due(text, zone, ..)) = self;
        let Ok(schedule) = Schedule::parse(text) else { return "error".to_owned() };
        let clocks = TimeZone::get(zone).unwrap();
        match self {
            Self::Next(_, _, from) => {
                let slots = schedule.slots(time(from), &clocks).take(3).map(|slot| slot.as_second().to_string());
                let mut slots: Vec<String> = slots.collect();
                if slots.len() < 3 {
                    slots.push("never".to_owned());
                }
                slots.join(" ")
            }
            Self::Due(_, _, base, deadline, now) => match due(&schedule, &clocks, time(base), *deadline, time(now)) {
                Err(super::NeverFires) => "invalid".to_owned(),
                Ok(None) => "none".to_owned(),
                Ok(Some(due)) => due.slot.as_second().to_string(),
            },
        }
    }
}

fn questions() -> Vec<Question> {
    let zones: Vec<String> = jiff::tz::db().available().map(|zone| zone.as_str().to_owned()).collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let zone = |random: &mut Random| match random.below(4) {
        0 => "UTC".to_owned(),
        _ => zones[usize::try_from(random.below(zones.len() as u64)).unwrap()].clone(),
    };
    let mut all = Vec::new();
    for _ in 0..RANDOM {
        all.push(Question::Next(random.schedule(), zone(&mut random), random.second(FROM, UNTIL)));
    }
    for _ in 0..DUE {
        let base = random.second(FROM, UNTIL);
        let span = [600, 86_400, 40 * 86_400][usize::try_from(random.below(3)).unwrap()];
        let now = base + random.second(0, span);
        let deadline = (random.below(2) == 0).then(|| random.second(0, 100_000));
        all.push(Question::Due(random.schedule(), zone(&mut random), base, deadline, now));
    }
    for zone in &zones {
        let clocks = TimeZone::get(zone).unwrap();
        let jumps = clocks.following(Timestamp::from_second(FROM).unwrap()).map(|jump| jump.timestamp());
        for at in jumps.take_while(|at| at.as_second() < UNTIL) {
            for _ in 0..PER_JUMP {
                let from = random.second(at.as_second() - 2 * 86_400, at.as_second() + 86_400);
                all.push(Question::Next(random.near(clocks.to_datetime(at).hour()), zone.clone(), from));
            }
        }
    }
    all
}

#[test]
#[ignore = "needs cron-reference, the Go original: tests/cluster/run --all"]
fn the_go_original_says_the_same() {
    let questions = questions();
    let lines: Vec<String> = questions.iter().map(Question::line).collect();
    let mut reference = Command::new("cron-reference")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("cron-reference on PATH: testbed tools cron-reference");
    let (mut input, output) = (reference.stdin.take().unwrap(), reference.stdout.take().unwrap());
    let writer = std::thread::spawn(move || lines.iter().try_for_each(|line| input.write_all(line.as_bytes())));
    let (mut asked, mut differ) = (0, Vec::new());
    for (question, said) in questions.iter().zip(BufReader::new(output).lines()) {
        let answer = question.answer();
        asked += 1;
        let said = said.unwrap();
        if answer != said {
            differ.push(format!("{}  Go: {said}\n  ours: {answer}", question.line()));
        }
    }
    writer.join().unwrap().unwrap();
    assert!(reference.wait().unwrap().success());
    assert_eq!(asked, questions.len());
    assert!(differ.is_empty(), "{} of {asked} differ:\n{}", differ.len(), differ[..differ.len().min(20)].join("\n"));
}
