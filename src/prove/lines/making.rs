//! One line, put together.
//!
//! Knows: formats, and where in them a text can stand that a line filter looks for. Must not know: which values fields have.

use super::super::sample::Rng;
use super::Role;
use super::shape::{Colour, Format, Goal, Layer, Shape};
use super::text::{filled, word};
use super::values::Place;
use super::write::{self, Item, Key};
use crate::logql_eval::probe::Step;

/// Where the texts stand that line filters look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// In a field, or first in a line without fields.
    First,
    /// In a field, or last in a line without fields.
    Last,
    /// After the line.
    Behind,
    /// Before the line.
    Before,
    /// They are the line.
    Alone,
}

/// What a line is made of.
pub(super) struct Making<'s> {
    pub(super) shape: &'s Shape,
    pub(super) role: Role,
    pub(super) put: Put,
    /// The values of the fields, in their order.
    pub(super) values: Vec<Option<&'s str>>,
    pub(super) number: usize,
}

impl Making<'_> {
    /// The line, and whether line filters say of it what they should.
    pub(super) fn line(&self, rng: &mut Rng) -> (String, bool) {
        let mut carried: Vec<(usize, String)> = Vec::new();
        let mut right = true;
        let mut line = String::new();
        for (index, layer) in self.shape.layers.iter().enumerate().rev() {
            let failing = match self.role {
                Role::Fails(goal) => match self.shape.goals.get(goal) {
                    Some(Goal::Line(own, test)) if *own == index => Some(*test),
                    _ => None,
                },
                _ => None,
            };
            let mut texts: Vec<String> = Vec::new();
            for (at, test) in layer.tests.iter().enumerate() {
                let text = test.needed(failing != Some(at), rng).filter(|text| !text.is_empty());
                texts.extend(text.filter(|text| !texts.contains(text)));
            }
            line = self.layer(index, layer, &texts, &carried, rng);
            right &= layer.tests.iter().enumerate().all(|(at, test)| test.passes(&line) == (failing != Some(at)));
            if let Some(field) = layer.carrier {
                carried.push((field, std::mem::take(&mut line)));
            }
        }
        (line, right)
    }

    fn layer(
        &self,
        index: usize,
        layer: &Layer,
        texts: &[String],
        carried: &[(usize, String)],
        rng: &mut Rng,
    ) -> String {
        let put = self.put;
        if put == Put::Alone {
            return texts.join(" ");
        }
        let role = if index == 0 { self.role } else { Role::Passes };
        let format = Written::chosen(layer, role, rng);
        let inside = if matches!(put, Put::First | Put::Last) { texts } else { &[] };
        let (mut raw, message) = raw_and_message(format, inside);
        // `|= "status="` asks for a field, whatever its value.
        raw.retain(|text| {
            let name = text.trim_end_matches(['=', ':']).trim_matches('"');
            let ends = text.ends_with(['=', ':']);
            !(ends && self.has(index, name))
        });
        let message = self.message(index, layer, role, &message, format.is_some(), rng);
        let mut line = match format {
            Some(format) => self.fields(index, format, carried, &raw, &message, rng),
            None => message,
        };
        match layer.colour.filter(|_| rng.chance(60)) {
            Some(Colour::Line) => line = format!("\u{1b}[32m{line}\u{1b}[0m"),
            Some(Colour::Behind) => line.push_str(" \u{1b}[31mred\u{1b}[0m"),
            None => {}
        }
        match put {
            Put::Behind => texts.iter().for_each(|text| line.extend([" ", text])),
            Put::Before if !texts.is_empty() => line = format!("{} {line}", texts.join(" ")),
            _ => {}
        }
        if role == Role::Cut {
            let end = (0..=line.len() * 2 / 3).rev().find(|&at| line.is_char_boundary(at));
            line.truncate(end.unwrap_or(0));
        }
        line
    }

    /// Whether a layer has a field under this name.
    fn has(&self, index: usize, name: &str) -> bool {
        let mut all = self.shape.fields.iter().zip(&self.values);
        all.any(|(field, value)| {
            let named = match &field.place {
                Place::Name(own) => own == name,
                Place::Path(steps) => matches!(steps.as_slice(), [Step::Field(own)] if own == name),
            };
            named && value.is_some() && field.layer == index
        })
    }

    /// The part of a line that is no field: what `regexp` and `pattern` read, texts, words.
    fn message(&self, index: usize, layer: &Layer, role: Role, texts: &[&str], fields: bool, rng: &mut Rng) -> String {
        let value = |name: &str| {
            let all = self.shape.fields.iter().zip(&self.values);
            let mut own = all.filter(|(field, _)| field.layer == index);
            own.find(|(field, _)| matches!(&field.place, Place::Name(own) if own == name)).and_then(|(_, value)| *value)
        };
        let (mut before, mut behind) = (Vec::new(), Vec::new());
        for format in layer.formats.iter().filter(|_| !matches!(role, Role::Words | Role::Other)) {
            match format {
                Format::Pattern(parts) => before.push(filled(parts, rng, &value)),
                Format::Regexp(sampler) => {
                    let text = sampler.with(rng, &value).or_else(|| sampler.text(rng));
                    if sampler.ends() { behind.extend(text) } else { before.extend(text) }
                }
                Format::Json | Format::Logfmt | Format::Pack => {}
            }
        }
        let words = if before.is_empty() && behind.is_empty() {
            let words = format!("{} {} {}", word(rng), word(rng), self.number);
            // Lines that differ in one field only are the ones whose series come together.
            if fields && self.number % 10 < 7 { "ok".to_owned() } else { words }
        } else {
            String::new()
        };
        let words = Some(words.as_str()).filter(|words| !words.is_empty() && (!fields || rng.chance(80)));
        let texts = texts.iter().copied();
        let first = if self.put == Put::Last { words } else { None };
        let last = if self.put == Put::Last { None } else { words };
        let (before, behind) = (before.iter().map(String::as_str), behind.iter().map(String::as_str));
        before.chain(first).chain(texts).chain(last).chain(behind).collect::<Vec<_>>().join(" ")
    }

    fn fields(
        &self,
        index: usize,
        format: Written,
        carried: &[(usize, String)],
        raw: &[&str],
        message: &str,
        rng: &mut Rng,
    ) -> String {
        let fields =
            || self.shape.fields.iter().zip(&self.values).enumerate().filter(|(_, (own, _))| own.layer == index);
        let taken = |key: &str| {
            fields().any(|(_, (field, _))| match &field.place {
                Place::Name(name) => name == key,
                Place::Path(steps) => matches!(steps.first(), Some(Step::Field(name)) if name == key),
            })
        };
        let key = ["msg", "note", "text"].into_iter().find(|key| !taken(key)).unwrap_or("_text");
        let mut items: Vec<Item<'_>> = Vec::new();
        if !message.is_empty() {
            items.push((vec![Key::Name(key)], message));
        }
        let nested = format == Written::Json && rng.chance(50);
        for (at, (field, value)) in fields() {
            let inner = carried.iter().find(|(own, _)| *own == at).map(|(_, text)| text.as_str());
            let Some(value) = inner.or(*value) else { continue };
            items.push((path(&field.place, nested), value));
        }
        let mut out = String::new();
        match format {
            Written::Logfmt => {
                out.push_str(&raw.join(" "));
                write::logfmt(&mut out, &items);
            }
            Written::Json | Written::Pack => {
                write::json(&mut out, &items, format == Written::Json && rng.chance(70));
                for text in raw {
                    let value = if text.ends_with(':') { "1" } else { "" };
                    let comma = if out == "{}" { "" } else { "," };
                    out.insert_str(1, &format!("{text}{value}{comma}"));
                }
            }
        }
        out
    }
}

/// A format with fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Json,
    Logfmt,
    Pack,
}

impl Written {
    /// The one in which a line of this layer is written.
    fn chosen(layer: &Layer, role: Role, rng: &mut Rng) -> Option<Self> {
        let all: Vec<Self> = layer.formats.iter().filter_map(Self::of).collect();
        let chosen = if rng.chance(70) { all.first() } else { rng.pick(&all) };
        match (role, chosen.copied()) {
            (Role::Other, Some(Self::Json)) => Some(Self::Logfmt),
            (Role::Other, Some(Self::Logfmt)) => Some(Self::Json),
            (Role::Other | Role::Words, _) => None,
            (_, chosen) => chosen,
        }
    }

    fn of(format: &Format) -> Option<Self> {
        match format {
            Format::Json => Some(Self::Json),
            Format::Logfmt => Some(Self::Logfmt),
            Format::Pack => Some(Self::Pack),
            Format::Regexp(_) | Format::Pattern(_) => None,
        }
    }
}

/// Texts that are fields themselves, and others.
fn raw_and_message(format: Option<Written>, texts: &[String]) -> (Vec<&str>, Vec<&str>) {
    texts.iter().map(String::as_str).partition(|text| match format {
        Some(Written::Json | Written::Pack) => {
            let whole = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
            text.starts_with('"') && (text.ends_with("\":") || whole(&format!("{{{text}}}")))
        }
        Some(Written::Logfmt) => text.contains('='),
        None => false,
    })
}

fn path(place: &Place, nested: bool) -> Vec<Key<'_>> {
    match place {
        Place::Path(steps) => {
            let key = |step| match step {
                &Step::Item(index) => Key::Item(index),
                Step::Field(name) => Key::Name(name),
            };
            steps.iter().map(key).collect()
        }
        Place::Name(name) if nested && !name.starts_with('_') && !name.ends_with('_') && !name.contains("__") => {
            name.split('_').map(Key::Name).collect()
        }
        Place::Name(name) => vec![Key::Name(name)],
    }
}
