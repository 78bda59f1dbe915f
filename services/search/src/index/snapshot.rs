//! One committed state of the index, opened for searching.
//!
//! What a search needs of a segment is looked up once here and shared by all searches until the next commit.

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use prost::Message;
use tantivy::{
    DocAddress, DocId, Searcher, SegmentReader, TantivyDocument, TantivyError, Term,
    columnar::{Column, StrColumn},
    fieldnorm::FieldNormReader,
    index::InvertedIndexReader,
    postings::TermInfo,
    schema::{IndexRecordOption, Value},
};
use ultramarket_api::{catalog::v1::Product, search::v1::Facet};

use super::{
    facets::Terms,
    ranking,
    schema::{PLACES, Place, Schema},
    suggest::Names,
};

/// One segment.
pub(crate) struct Segment {
    pub(crate) reader: SegmentReader,
    places: Vec<Arc<InvertedIndexReader>>,
    lengths: Vec<Option<FieldNormReader>>,
    pub(crate) id: Arc<InvertedIndexReader>,
    pub(crate) vocabulary: Arc<InvertedIndexReader>,
    pub(crate) phrases: Arc<InvertedIndexReader>,
    pub(crate) filter: Arc<InvertedIndexReader>,
    pub(crate) facet: Option<StrColumn>,
    pub(crate) facets: Arc<Terms>,
    pub(crate) price: Column<i64>,
    pub(crate) newest: Column<i64>,
    pub(crate) live: Column<u64>,
    pub(crate) version: Column<u64>,
    pub(crate) etag: Option<StrColumn>,
}

/// A committed state.
pub(crate) struct Snapshot {
    pub(crate) schema: Schema,
    searcher: Searcher,
    pub(crate) segments: Vec<Segment>,
    norms: [[f32; 256]; PLACES],
    /// Documents, including those that are deleted but still in a segment.
    pub(crate) documents: u32,
    /// Brands and categories, for suggestions; collected when first asked for.
    pub(crate) names: OnceLock<Names>,
    /// Counts of everything; taken when first asked for.
    pub(crate) facets: OnceLock<Vec<Facet>>,
}

/// Where a word stands, by segment.
pub(crate) type Occurrences = Vec<Vec<(Place, TermInfo)>>;

impl Snapshot {
    /// Opens a state; what `before` knows of segments that are still there is taken over.
    pub(crate) fn open(schema: &Schema, searcher: Searcher, before: Option<&Self>) -> tantivy::Result<Self> {
        let mut segments = Vec::new();
        for reader in searcher.segment_readers() {
            let known = before.into_iter().flat_map(|before| &before.segments);
            let same = known.into_iter().find(|segment| segment.reader.segment_id() == reader.segment_id());
            segments.push(Segment::open(schema, reader.clone(), same.map(|segment| Arc::clone(&segment.facets)))?);
        }
        let documents = segments.iter().map(|segment| segment.reader.max_doc()).sum::<u32>();
        let averages = std::array::from_fn(|place| {
            let words: u64 = segments.iter().map(|segment| segment.places[place].total_num_tokens()).sum();
            words as f32 / documents.max(1) as f32
        });
        let norms = ranking::norms(&averages, FieldNormReader::id_to_fieldnorm);
        Ok(Self {
            schema: schema.clone(),
            searcher,
            segments,
            norms,
            documents,
            names: OnceLock::new(),
            facets: OnceLock::new(),
        })
    }

    /// Where a word stands, in the places that are asked for.
    pub(crate) fn occurrences(&self, word: &str, places: &[Place]) -> tantivy::Result<Occurrences> {
        let in_segment = |segment: &Segment| {
            let mut found = Vec::new();
            for place in places {
                let term = Term::from_field_text(self.schema.place(*place), word);
                if let Some(info) = segment.places[*place as usize].get_term_info(&term)? {
                    found.push((*place, info));
                }
            }
            Ok(found)
        };
        self.segments.iter().map(in_segment).collect()
    }

    /// How many products have an unstemmed word.
    pub(crate) fn frequency(&self, word: &str) -> tantivy::Result<u32> {
        let term = Term::from_field_text(self.schema.vocabulary, word);
        self.segments.iter().try_fold(0, |sum, segment| Ok(sum + segment.vocabulary.doc_freq(&term)?))
    }

    /// The product of a document.
    pub(crate) fn product(&self, segment: u32, doc: DocId) -> tantivy::Result<Product> {
        let document: TantivyDocument = self.searcher.doc(DocAddress::new(segment, doc))?;
        let bytes = document.get_first(self.schema.product).and_then(|value| value.as_bytes()).unwrap_or_default();
        Product::decode(bytes).map_err(|error| TantivyError::InternalError(format!("decode product: {error}")))
    }

    /// The ids of all products, also of those that cannot be found any more.
    pub(crate) fn product_ids(&self) -> tantivy::Result<HashSet<String>> {
        let mut ids = HashSet::new();
        for segment in &self.segments {
            let mut stream = segment.id.terms().stream()?;
            while let Some((term, info)) = stream.next() {
                let block = segment.id.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
                if block.docs().iter().any(|doc| !segment.reader.is_deleted(*doc)) {
                    ids.insert(String::from_utf8_lossy(term).into_owned());
                }
            }
        }
        Ok(ids)
    }

    /// The document of a product or of what is left of it.
    pub(crate) fn find(&self, product_id: &str) -> tantivy::Result<Option<(&Segment, DocId)>> {
        let term = Term::from_field_text(self.schema.id, product_id);
        for segment in &self.segments {
            let Some(postings) = segment.id.read_block_postings(&term, IndexRecordOption::Basic)? else { continue };
            if let Some(doc) = postings.docs().iter().copied().find(|doc| !segment.reader.is_deleted(*doc)) {
                return Ok(Some((segment, doc)));
            }
        }
        Ok(None)
    }
}

impl Segment {
    fn open(schema: &Schema, reader: SegmentReader, facets: Option<Arc<Terms>>) -> tantivy::Result<Self> {
        let fast = reader.fast_fields();
        let facet = fast.str("facet")?;
        let facets = match (facets, &facet) {
            (Some(facets), _) => facets,
            (None, Some(column)) => Arc::new(Terms::read(column)?),
            (None, None) => Arc::default(),
        };
        let mut places = Vec::with_capacity(PLACES);
        let mut lengths = Vec::with_capacity(PLACES);
        for place in Place::ALL {
            let field = schema.place(place);
            places.push(reader.inverted_index(field)?);
            lengths.push(match place.counted() {
                true => Some(reader.get_fieldnorms_reader(field)?),
                false => None,
            });
        }
        Ok(Self {
            places,
            lengths,
            id: reader.inverted_index(schema.id)?,
            vocabulary: reader.inverted_index(schema.vocabulary)?,
            phrases: reader.inverted_index(schema.phrases)?,
            filter: reader.inverted_index(schema.filter)?,
            facet,
            facets,
            price: fast.i64("price")?,
            newest: fast.i64("newest")?,
            live: fast.u64("live")?,
            version: fast.u64("version")?,
            etag: fast.str("etag")?,
            reader,
        })
    }

    /// Calls `found` with every document that has a word in a place and how much the word counts there: more when
    /// it occurs often, less when the text is long.
    pub(crate) fn for_each(
        &self,
        snapshot: &Snapshot,
        (place, info): (Place, &TermInfo),
        mut found: impl FnMut(DocId, f32),
    ) -> tantivy::Result<()> {
        let Some(lengths) = &self.lengths[place as usize] else {
            let mut block =
                self.places[place as usize].read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            while !block.docs().is_empty() {
                block.docs().iter().for_each(|doc| found(*doc, 1.0));
                block.advance();
            }
            return Ok(());
        };
        let norms = &snapshot.norms[place as usize];
        let mut block =
            self.places[place as usize].read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
        while !block.docs().is_empty() {
            for (doc, count) in block.docs().iter().zip(block.freqs()) {
                found(*doc, *count as f32 * norms[lengths.fieldnorm_id(*doc) as usize]);
            }
            block.advance();
        }
        Ok(())
    }

    /// Whether a document is what a search can find.
    pub(crate) fn findable(&self, doc: DocId) -> bool {
        !self.reader.is_deleted(doc) && self.live.first(doc) == Some(1)
    }
}
