//! Scores every product that has something of what was asked for.
//!
//! Word by word, each adding to the products that have it: the cost is the number of occurrences, not of products.

use tantivy::DocId;

use super::{
    query::Plan,
    ranking::{self, Kinship},
    schema::Place,
    snapshot::{Segment, Snapshot},
};

/// A product that has something of what was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) segment: u32,
    pub(crate) doc: DocId,
    pub(crate) score: f32,
    /// The things asked for that it lacks.
    pub(crate) missing: u8,
}

/// What is known of one product.
#[derive(Clone, Copy, Default)]
struct Slot {
    score: f32,
    /// Of the thing that is being looked at: the best place, and all places together.
    best: f32,
    sum: f32,
    concepts: u16,
    signs: u8,
}

/// The title or the description names the thing that is asked for.
const NAMED: u8 = 1;
/// They name it as what the product is.
const HEADED: u8 = 2;
/// The type or a category is what was asked for.
const TYPED: u8 = 4;

/// All hits, in the order of segments and documents' first words.
pub(crate) fn hits(plan: &Plan, snapshot: &Snapshot) -> tantivy::Result<Vec<Hit>> {
    let mut hits = Vec::new();
    for (number, segment) in (0..).zip(&snapshot.segments) {
        let mut scoring =
            Scoring { plan, snapshot, segment, number, slots: Vec::new(), touched: Vec::new(), seen: Vec::new() };
        scoring.slots.resize(segment.reader.max_doc() as usize, Slot::default());
        for concept in (0..u16::BITS).map(|bit| 1 << bit).filter(|concept| plan.concepts & concept != 0) {
            scoring.concept(concept)?;
        }
        hits.extend(scoring.hits());
    }
    Ok(hits)
}

struct Scoring<'a> {
    plan: &'a Plan,
    snapshot: &'a Snapshot,
    segment: &'a Segment,
    number: u32,
    slots: Vec<Slot>,
    /// The products that have the thing that is being looked at.
    touched: Vec<DocId>,
    /// The products that have any.
    seen: Vec<DocId>,
}

impl Scoring<'_> {
    fn concept(&mut self, concept: u16) -> tantivy::Result<()> {
        let is_head = concept == self.plan.head;
        for key in self.plan.keys.iter().filter(|key| key.concepts & concept != 0) {
            for (place, info) in &key.occurrences[self.number as usize] {
                let sign = sign(*place);
                let rarity = ranking::rarity(key.frequency(*place), self.snapshot.documents);
                let weight = key.weight * ranking::weight(*place) * rarity;
                let (slots, touched) = (&mut self.slots, &mut self.touched);
                self.segment.for_each(self.snapshot, (*place, info), |doc, occurrences| {
                    let slot = &mut slots[doc as usize];
                    if is_head {
                        slot.signs |= sign;
                    }
                    if weight > 0.0 {
                        if slot.sum == 0.0 {
                            touched.push(doc);
                        }
                        let value = weight * occurrences / (occurrences + ranking::SATURATION);
                        slot.sum += value;
                        slot.best = slot.best.max(value);
                    }
                })?;
            }
        }
        for doc in self.touched.drain(..) {
            let slot = &mut self.slots[doc as usize];
            slot.score += slot.best + ranking::TIE * (slot.sum - slot.best);
            (slot.best, slot.sum) = (0.0, 0.0);
            if slot.concepts == 0 {
                self.seen.push(doc);
            }
            slot.concepts |= concept;
        }
        Ok(())
    }

    fn hits(self) -> impl Iterator<Item = Hit> {
        let asked = self.plan.concepts.count_ones();
        self.seen.into_iter().filter(|doc| self.segment.findable(*doc)).map(move |doc| {
            let slot = &self.slots[doc as usize];
            let found = slot.concepts.count_ones();
            let score = slot.score * ranking::coverage(found as f32, asked as f32) * kinship(slot.signs).factor();
            Hit { segment: self.number, doc, score, missing: u8::try_from(asked - found).unwrap_or(u8::MAX) }
        })
    }
}

fn sign(place: Place) -> u8 {
    match place {
        Place::Title | Place::Body => NAMED,
        Place::Head => HEADED,
        Place::Type => TYPED,
        Place::Kind | Place::Brand | Place::Attributes | Place::TitlePairs | Place::BodyPairs | Place::Code => 0,
    }
}

fn kinship(signs: u8) -> Kinship {
    if signs & TYPED != 0 {
        Kinship::Same
    } else if signs & (NAMED | HEADED) == NAMED {
        Kinship::Related
    } else {
        Kinship::Named
    }
}
