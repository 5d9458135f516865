//! A stage: the template's resources that exist with these parameters, as CloudFormation decides.
//!
//! The parser of YAML drops tags, so conditions are read from the template's text. Everywhere else
//! `!If` is a list of three that begins with the name of a condition.

use std::{collections::BTreeMap, iter::Peekable, str::Chars};

use serde_json::Value;

use super::{Function, Metadata, Schedule, TemplateError, part, schedule};

/// `!Ref AWS::NoValue`, which leaves out the member or element that it stands for.
const NO_VALUE: &str = "AWS::NoValue";

/// A template with a value for each parameter.
#[derive(Debug)]
pub struct Stage {
    parameters: BTreeMap<String, String>,
    conditions: BTreeMap<String, Expression>,
    mappings: Value,
    all: BTreeMap<String, Value>,
}

/// An expression of a condition or a rule, as the template writes it.
#[derive(Debug)]
enum Expression {
    Text(String),
    Call(String, Vec<Expression>),
}

impl Stage {
    /// The template with these parameters; all others have their defaults.
    pub fn new(yaml: &str, given: &[(&str, &str)]) -> Result<Self, TemplateError> {
        let template: Value =
            serde_saphyr::from_str(yaml).map_err(|error| unreadable("as a whole", &error))?;
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let declared: BTreeMap<String, Value> = part("Parameters", template["Parameters"].clone())?;
        let mut parameters: BTreeMap<_, _> =
            declared.into_iter().map(|(name, parameter)| (name, text(&parameter["Default"]))).collect();
        for (name, value) in given {
            let default = parameters.insert((*name).to_owned(), (*value).to_owned());
            default.ok_or_else(|| unreadable(name, &"no parameter has this name"))?;
        }
        let conditions = section(yaml, "Conditions").filter_map(|line| line.trim().split_once(": "));
        let conditions = conditions.map(|(name, text)| (name.to_owned(), Expression::new(text))).collect();
        let mappings = template["Mappings"].clone();
        Ok(Self { parameters, conditions, mappings, all: part("Resources", template["Resources"].clone())? })
    }

    /// A number: a parameter's value, or one of the stack's size.
    pub fn number(&self, name: &str) -> Result<f64, TemplateError> {
        let of_size =
            self.parameter("Size").ok().and_then(|size| self.mappings["Sizes"][size][name].as_f64());
        match of_size {
            Some(number) => Ok(number),
            None => self.parameter(name)?.parse().map_err(|error| unreadable(name, &error)),
        }
    }

    /// Whether an expression such as `!Equals [!Ref Stage, prod]` holds.
    pub fn holds(&self, expression: &str) -> Result<bool, TemplateError> {
        self.decide(&Expression::new(expression))
    }

    /// The resources that exist, by logical id, with every `!If` decided.
    pub fn resources(&self) -> Result<BTreeMap<String, Value>, TemplateError> {
        let mut existing = BTreeMap::new();
        for (id, resource) in &self.all {
            let exists = resource["Condition"].as_str().map_or(Ok(true), |name| self.condition(name));
            if exists? {
                existing.insert(id.clone(), self.decided(resource)?);
            }
        }
        Ok(existing)
    }

    /// The schedules that are enabled.
    pub fn schedules(&self) -> Result<Vec<Schedule>, TemplateError> {
        let mut enabled = Vec::new();
        for (id, resource) in self.resources()? {
            if resource["Type"] != "AWS::Serverless::Function" {
                continue;
            }
            let binary = part::<Metadata>(&id, resource["Metadata"].clone())?.build_properties.binary;
            for event in part::<Function>(&id, resource["Properties"].clone())?.events.into_values() {
                let is_off = event.properties.state.as_ref().is_some_and(|state| state == "DISABLED");
                if event.r#type == "ScheduleV2" && !is_off {
                    enabled.push(schedule(&id, event, binary.clone())?);
                }
            }
        }
        Ok(enabled)
    }

    fn parameter(&self, name: &str) -> Result<&str, TemplateError> {
        let value = self.parameters.get(name).ok_or_else(|| unreadable(name, &"no parameter has this name"));
        Ok(value?)
    }

    fn condition(&self, name: &str) -> Result<bool, TemplateError> {
        let condition = self.conditions.get(name).ok_or_else(|| unreadable(name, &"no such condition"))?;
        self.decide(condition)
    }

    fn decide(&self, expression: &Expression) -> Result<bool, TemplateError> {
        let Expression::Call(name, arguments) = expression else {
            return Err(unreadable("a condition", &format!("a text is none: {expression:?}")));
        };
        match (name.as_str(), arguments.as_slice()) {
            ("Equals", [left, right]) => Ok(self.text(left)? == self.text(right)?),
            ("Not", [one]) => Ok(!self.decide(one)?),
            ("Or", all) => all.iter().try_fold(false, |any, one| Ok(any | self.decide(one)?)),
            ("And", all) => all.iter().try_fold(true, |every, one| Ok(every & self.decide(one)?)),
            ("Condition", [Expression::Text(name)]) => self.condition(name),
            _ => Err(unreadable("a condition", &format!("cannot be decided here: {expression:?}"))),
        }
    }

    fn text<'a>(&'a self, expression: &'a Expression) -> Result<&'a str, TemplateError> {
        match expression {
            Expression::Text(text) => Ok(text),
            Expression::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
                ("Ref", [Expression::Text(parameter)]) => self.parameter(parameter),
                _ => Err(unreadable("a condition", &format!("{name} is no text here"))),
            },
        }
    }

    fn decided(&self, value: &Value) -> Result<Value, TemplateError> {
        Ok(match value {
            Value::Array(elements) => match (elements.as_slice(), elements.first().and_then(Value::as_str)) {
                ([_, yes, no], Some(name)) if self.conditions.contains_key(name) => {
                    self.decided(if self.condition(name)? { yes } else { no })?
                }
                _ => {
                    let elements: Result<Vec<_>, _> =
                        elements.iter().map(|element| self.decided(element)).collect();
                    elements?.into_iter().filter(|element| element != NO_VALUE).collect()
                }
            },
            Value::Object(members) => {
                let mut decided = serde_json::Map::new();
                for (name, member) in members {
                    let member = self.decided(member)?;
                    if member != NO_VALUE {
                        decided.insert(name.clone(), member);
                    }
                }
                Value::Object(decided)
            }
            other => other.clone(),
        })
    }
}

impl Expression {
    fn new(text: &str) -> Self {
        Self::read(&mut text.chars().peekable())
    }

    fn read(chars: &mut Peekable<Chars<'_>>) -> Self {
        while chars.next_if(|next| " ,".contains(*next)).is_some() {}
        if chars.next_if_eq(&'!').is_none() {
            return Self::Text(word(chars));
        }
        let name = word(chars);
        while chars.next_if_eq(&' ').is_some() {}
        if chars.next_if_eq(&'[').is_none() {
            return Self::Call(name, vec![Self::read(chars)]);
        }
        let mut arguments = Vec::new();
        // A list without a tag is no expression, and ends this one.
        while chars.next_if_eq(&']').is_none() && chars.peek().is_some_and(|next| *next != '[') {
            arguments.push(Self::read(chars));
        }
        Self::Call(name, arguments)
    }
}

fn word(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(next) = chars.next_if(|next| !" ,[]".contains(*next)) {
        text.push(next);
    }
    text.trim_matches('"').to_owned()
}

/// The lines of a section of the template's text.
pub fn section<'a>(yaml: &'a str, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let heading = format!("{name}:");
    let lines = yaml.lines().skip_while(move |line| *line != heading).skip(1);
    lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#']))
}

fn unreadable(part: &str, reason: &impl ToString) -> TemplateError {
    TemplateError::Unreadable { part: part.to_owned(), reason: reason.to_string() }
}
