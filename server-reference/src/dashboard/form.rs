//! Forms: what a browser sends, and fields as pages show them.

use crate::problem::FieldError;

/// What a browser sent, in a body or a query.
#[derive(Debug, Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    pub fn parse(text: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(text);
        // Browsers send line breaks as CR LF; what is stored has LF, and PostgreSQL keeps no NUL.
        let clean = |text: &str| text.replace("\r\n", "\n").replace('\0', "");
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), clean(&value)))
                .collect(),
        )
    }

    /// Of these values.
    pub fn of(values: Vec<(&'static str, String)>) -> Self {
        let owned = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        Self(owned.collect())
    }

    /// A field's value without the space around it; empty where it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field's value as it was typed.
    pub fn raw(&self, name: &str) -> &str {
        let mut pairs = self.0.iter();
        pairs
            .find(|(found, _)| found == name)
            .map_or("", |(_, value)| value)
    }

    /// A field's value, where there is one.
    pub fn filled(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// Whether a box is ticked.
    pub fn is_on(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// All values of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.iter().filter(move |(found, _)| found == name);
        pairs.map(|(_, value)| value.trim())
    }

    /// The same, as a query, with this field set anew or, where it is empty, left out.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (found, old) in &self.0 {
            if found != name && !old.is_empty() {
                query.append_pair(found, old);
            }
        }
        if !value.is_empty() {
            query.append_pair(name, value);
        }
        query.finish()
    }
}

/// How a field is filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// A line of this type of `<input>`.
    Line(&'static str),
    /// Several lines.
    Area,
    /// One of several.
    Choice(Vec<(String, String)>),
    /// Yes or no.
    Check,
}

/// A field as a page shows it.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    pub label: String,
    pub hint: String,
    pub value: String,
    pub error: Option<String>,
    pub control: Control,
    pub required: bool,
}

impl Field {
    /// A line of text.
    pub fn line(name: &str, label: &str) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            hint: String::new(),
            value: String::new(),
            error: None,
            control: Control::Line("text"),
            required: false,
        }
    }

    /// Filled in another way.
    pub fn with(mut self, control: Control) -> Self {
        self.control = control;
        self
    }

    /// Explained.
    pub fn hint(mut self, hint: &str) -> Self {
        hint.clone_into(&mut self.hint);
        self
    }

    /// With this value.
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// Must be filled.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What describes it, as ids.
    pub fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.name));
        let ids: Vec<String> = error.into_iter().chain(hint).collect();
        ids.join(" ")
    }
}

/// Fields that belong together.
#[derive(Debug, Clone)]
pub struct Group {
    pub legend: &'static str,
    pub fields: Vec<Field>,
    /// Whether it is shown at once, or unfolds.
    pub open: bool,
}

impl Group {
    pub fn new(legend: &'static str, open: bool, fields: Vec<Field>) -> Self {
        Self {
            legend,
            fields,
            open,
        }
    }
}

/// What is wrong with a form as a whole, for the list above it: the field's name (empty where it is none's) and what
/// to do.
pub type Errors = Vec<(String, String)>;

/// Ties errors of the API to the fields of a form, by `name_of`, and lists them all.
pub fn place(
    groups: &mut [Group],
    errors: &[FieldError],
    name_of: impl Fn(&str) -> String,
) -> Errors {
    let named = |error: &FieldError| (name_of(&error.pointer), error.message.clone());
    let mut listed: Errors = errors.iter().map(named).collect();
    for (name, message) in &mut listed {
        let mut known = false;
        for group in groups.iter_mut() {
            if let Some(field) = group.fields.iter_mut().find(|field| field.name == *name) {
                field.error.get_or_insert_with(|| message.clone());
                group.open = true;
                known = true;
            }
        }
        if !known {
            name.clear();
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_browsers_send() {
        let form = Form::parse(b"a=+x+&b=1&b=2&c=one%0D%0Atwo%00&empty=");
        assert_eq!((form.get("a"), form.raw("a")), ("x", " x "));
        assert_eq!(form.all("b").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(form.get("c"), "one\ntwo");
        assert_eq!(form.filled("empty"), None);
        assert_eq!(form.with("b", ""), "a=+x+&c=one%0Atwo");
    }

    #[test]
    fn errors_go_to_their_fields() {
        let mut groups = [Group::new("", false, vec![Field::line("url", "URL")])];
        let error = |pointer: &str| FieldError {
            pointer: pointer.to_owned(),
            code: crate::problem::FieldCode::InvalidUrl,
            message: format!("wrong {pointer}"),
        };
        let errors = [error("/url"), error("/other")];
        let listed = place(&mut groups, &errors, |pointer| pointer[1..].to_owned());
        assert_eq!(listed[0], ("url".to_owned(), "wrong /url".to_owned()));
        assert_eq!(listed[1].0, "", "nowhere to jump to");
        assert_eq!(groups[0].fields[0].error.as_deref(), Some("wrong /url"));
        assert!(groups[0].open);
    }
}
