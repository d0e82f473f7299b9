//! A filled address, whose query is still apart.

use crate::vocabulary::text::Text;

/// A filled address. Its query is still separate, so that parameters can be added before the fragment.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilledAddress {
    /// Scheme, host and path.
    pub(crate) base: Text,
    /// The query without `?`, as written.
    pub(crate) query: Option<Text>,
    /// The fragment without `#`.
    pub(crate) fragment: Option<Text>,
}

impl FilledAddress {
    /// The address of a document: base and query, as they are.
    pub(crate) fn document_address(&self) -> String {
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{}", query.expose()));
        self.base.expose().to_owned() + &query
    }

    /// Moves the query and the fragment of an address that a fact gave as a whole to their own fields.
    pub(crate) fn separate_query_and_fragment(&mut self) {
        let Some(at) = self.base.judged(|base| base.find(['?', '#'])) else { return };
        let (base, rest) = self.base.split_at(at);
        self.base = base;
        let hash = rest.judged(|rest| rest.find('#'));
        let (query, fragment) = hash.map_or((rest.clone(), None), |at| {
            let (query, fragment) = rest.split_at(at);
            (query, Some(fragment.without_first_byte()))
        });
        if query.judged(|query| query.starts_with('?')) {
            let mut whole = query.without_first_byte();
            if let Some(more) = self.query.take() {
                whole.push_str("&");
                whole.push(&more);
            }
            self.query = Some(whole);
        }
        self.fragment = self.fragment.take().or(fragment);
    }
}
