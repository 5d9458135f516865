//! The billing address: the parts that the gateway compares, and the country.

use celes::{Country, LookupTable};
use tollgate_core::{
    payments::BillingAddress,
    values::{check_postcode, nearest_ascii},
};

use crate::api::{Code, Members};

/// Longest line of an address. The gateway takes 30 characters and compares digits.
const LINE_MAX: usize = 100;
/// Longest postal code, with a hyphen or blanks in it.
const ZIP_MAX: usize = 12;
/// Countries whose addresses have no postal code, by alpha-2 code: those without one in the address
/// formats of Google's libaddressinput (2025), which follow the Universal Postal Union's addressing
/// guides. Some have introduced codes that hardly anybody uses; there a code may be stated as
/// anywhere.
const WITHOUT_ZIP: &str = "AE AG AO AQ AW BF BI BJ BO BQ BS BV BW BZ CD CF CG CI CK CM CW DJ DM ER FJ GA GD GH GM GQ \
                           GY HK JM KI KM KN LC LY ML MO MR MS MW NR NU PA PS QA RW SB SC SL SR SS ST SX SY TD TF TG \
                           TK TL TO TT TV UG VU WS YE ZW";

/// Names of countries beside those that [`celes`] has: a line each, its columns divided by tabs.
const OTHER_NAMES: &str = include_str!("country_names.tsv");

/// Reads the country in a member.
type LookUp = fn(&str) -> Option<Country>;

/// The members that can name the country, which have to agree: the form of each, and how it is
/// read.
const COUNTRY: [(&str, &str, LookUp); 5] = [
    ("Country", "the English name or an ISO 3166-1 code of a country", |text| {
        let by_code = by_number(text).or_else(|| Country::from_alpha2(text).ok());
        by_code.or_else(|| Country::from_alpha3(text).ok()).or_else(|| by_name(text))
    }),
    ("CountryName", "the English name of a country", by_name),
    ("Country2AlphaCode", "an ISO 3166-1 code of two letters", |text| {
        Country::from_alpha2(text).ok().or_else(|| united_kingdom(text))
    }),
    ("Country3AlphaCode", "an ISO 3166-1 code of three letters", |text| Country::from_alpha3(text).ok()),
    ("CountryNumericCode", "an ISO 3166-1 code of three digits", by_number),
];

/// `BillingAddress`. The page marks all members optional but the ZIP and the country, and some
/// countries have no ZIP.
pub(super) fn billing_address(request: &mut Members<'_>) -> Option<BillingAddress> {
    let mut address = request.required_object("BillingAddress")?;
    let line = |address: &mut Members<'_>, parts: [&str; 2]| {
        let parts: Vec<String> = parts.iter().filter_map(|name| address.kept(name, LINE_MAX)).collect();
        Some(parts.join(" ")).filter(|line| !line.is_empty())
    };
    let line_1 = line(&mut address, ["HouseNumber", "Street"]);
    let line_2 = line(&mut address, ["ApartmentNumber", "Street2"]);
    let city = address.kept("City", LINE_MAX);
    let (state, county) = (address.kept("State", LINE_MAX), address.kept("County", LINE_MAX));
    // The country is read for the ZIP, and again for its own problems.
    let named = request.object("BillingAddress").filter(|_| !address.has("Zip"));
    let without_zip = |code: String| WITHOUT_ZIP.split(' ').any(|known| known == code);
    let is_left_out = named.and_then(|mut named| country(&mut named)).is_some_and(without_zip);
    let postcode = zip(&mut address, !is_left_out);
    let alpha_2 = country(&mut address);
    address.checked("Zip", postcode.as_deref().map(|text| check_postcode(text, alpha_2.as_deref())));
    request.absorb(address);
    // Where there are no states the county is the region.
    Some(BillingAddress { line_1, line_2, city, region: state.or(county), postcode, country: alpha_2 })
}

fn zip(address: &mut Members<'_>, is_required: bool) -> Option<String> {
    let text = address.scalar_if(is_required, "Zip", ZIP_MAX)?;
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-')) {
        return address.no_value("Zip", "may hold only letters, digits, blanks and hyphens");
    }
    Some(text.to_owned())
}

/// The country's alpha-2 code.
fn country(address: &mut Members<'_>) -> Option<String> {
    let mut found: Option<Country> = None;
    let mut named = false;
    for (member, wanted, look_up) in COUNTRY {
        let Some(text) = address.scalar(member, LINE_MAX) else { continue };
        named = true;
        let Some(country) = look_up(text) else {
            address.invalid(member, format!("is not {wanted}"));
            continue;
        };
        if found.is_some_and(|other| other != country) {
            address.invalid(member, "is another country than the members before it say");
        }
        found = found.or(Some(country));
    }
    if !named {
        address.problem("Country", Code::Required, "is required");
    }
    found.map(|country| country.alpha2.to_owned())
}

/// `U.S.A.` and `U.K.`: a code with points, as names are abbreviated.
fn by_abbreviation(text: &str) -> Option<Country> {
    let letters = text.replace(['.', ' '], "");
    united_kingdom(&letters)
        .or_else(|| Country::from_alpha3(&letters).or_else(|_| Country::from_alpha2(&letters)).ok())
}

/// `UK`, which ISO 3166-1 reserves for the United Kingdom beside its code, `GB`.
fn united_kingdom(text: &str) -> Option<Country> {
    if text.eq_ignore_ascii_case("UK") { Country::from_alpha2("GB").ok() } else { None }
}

/// `840`, and `4` for Afghanistan: as a number it loses its zeros.
fn by_number(text: &str) -> Option<Country> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { Country::from_value(text.parse().ok()?).ok() } else { None }
}

/// English names, with any characters between the words, with or without their article, or
/// abbreviated.
fn by_name(text: &str) -> Option<Country> {
    let wanted = squeezed(text);
    let is_it = |name: &str| !wanted.is_empty() && squeezed(name) == wanted;
    let all = Country::get_countries();
    // Names first: Samoa is a country, and an alias of American Samoa.
    let by_name = all.iter().find(|country| is_it(country.long_name));
    let by_name =
        by_name.or_else(|| all.iter().find(|country| country.aliases.iter().any(|alias| is_it(alias))));
    by_name.copied().or_else(|| by_abbreviation(text)).or_else(|| by_other_name(is_it))
}

/// A country by one of [`OTHER_NAMES`].
fn by_other_name(is_it: impl Fn(&str) -> bool) -> Option<Country> {
    let rows = OTHER_NAMES.lines().filter_map(|line| line.split_once('\t'));
    let mut rows = rows.filter(|(_, names)| names.split('\t').any(&is_it));
    rows.next().and_then(|(code, _)| Country::from_alpha2(code).ok())
}

/// `The United States of America` as `unitedstatesofamerica`, `Côte d’Ivoire` as `cotedivoire`,
/// whichever apostrophe it has and however its accent is encoded, and `St. Kitts & Nevis` as
/// `saintkittsandnevis`.
fn squeezed(name: &str) -> String {
    let name = nearest_ascii(name).replace('&', " and ").to_ascii_lowercase();
    // A letter that is like none of ASCII stands as `?`, and makes another name.
    let words = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '?').filter(|word| *word != "the");
    words.map(|word| if word == "st" { "saint" } else { word }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_up(member: &str, text: &str) -> Option<Country> {
        let (_, _, look_up) = COUNTRY.iter().find(|(name, ..)| *name == member).unwrap();
        look_up(text)
    }

    #[test]
    fn every_country_is_found_by_each_of_its_codes_and_by_its_name() {
        let all = Country::get_countries();
        assert!(all.len() >= 249);
        for country in all {
            let number = format!("{:03}", country.value);
            for (member, text) in [
                ("Country2AlphaCode", country.alpha2),
                ("Country3AlphaCode", country.alpha3),
                ("CountryNumericCode", number.as_str()),
                ("CountryName", country.long_name),
                ("Country", country.alpha2),
                ("Country", country.alpha3),
                ("Country", number.as_str()),
                ("Country", country.long_name),
            ] {
                assert_eq!(look_up(member, text), Some(country), "{member} {text}");
            }
        }
    }

    #[test]
    fn every_other_name_is_that_of_one_country_and_of_no_other() {
        let rows: Vec<_> = OTHER_NAMES.lines().filter(|line| !line.starts_with('#')).collect();
        for row in &rows {
            let (code, names) = row.split_once('\t').unwrap();
            for name in names.split('\t') {
                assert_eq!(by_name(name).map(|country| country.alpha2), Some(code), "{name}");
            }
        }
        let mut names: Vec<String> =
            rows.iter().flat_map(|row| row.split('\t').skip(1)).map(squeezed).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert!(all > 190 && names.len() == all, "a name stands there once");
    }

    #[test]
    fn a_country_without_postal_codes_is_one() {
        let mut last = "";
        for code in WITHOUT_ZIP.split(' ') {
            assert!(Country::from_alpha2(code).is_ok_and(|country| country.alpha2 == code), "{code}");
            assert!(last < code, "{code} is out of order");
            last = code;
        }
        for code in ["US", "GB", "IE", "DE", "CA", "PR", "GU", "VI", "AS", "MP"] {
            assert!(!WITHOUT_ZIP.contains(code), "{code}");
        }
        let page = include_str!("../../../docs/credit-card.md");
        let (_, section) = page.split_once("\n## Countries without postal codes\n").unwrap();
        let rows = section.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with('|'));
        let is_code = |word: &&str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_uppercase());
        let listed: Vec<_> = rows.flat_map(str::split_whitespace).filter(is_code).collect();
        assert_eq!(listed.join(" "), WITHOUT_ZIP, "the page lists others");
    }

    #[test]
    fn names_are_understood_as_people_write_them() {
        for (text, code) in [
            ("USA", "US"),
            ("usa", "US"),
            ("United States", "US"),
            ("United States of America", "US"),
            ("The United States of America", "US"),
            ("America", "US"),
            ("United Kingdom", "GB"),
            ("Great Britain", "GB"),
            ("GB", "GB"),
            ("UK", "GB"),
            ("U.K.", "GB"),
            ("U.S.A.", "US"),
            ("U.S.", "US"),
            ("u. s. a.", "US"),
            ("Germany", "DE"),
            ("Canada", "CA"),
            ("South Korea", "KR"),
            ("Russia", "RU"),
            ("4", "AF"),
            ("004", "AF"),
            ("Côte d’Ivoire", "CI"),
            ("Côte d'Ivoire", "CI"),
            ("Co\u{302}te d\u{2BC}Ivoire", "CI"),
            ("COTE D`IVOIRE", "CI"),
            ("Ivory Coast", "CI"),
            ("Curaçao", "CW"),
            ("Curacao", "CW"),
            ("Réunion", "RE"),
            ("Reunion", "RE"),
            ("Åland Islands", "AX"),
            ("Aland Islands", "AX"),
            ("Saint Barthélemy", "BL"),
            ("Saint Barthelemy", "BL"),
            ("Lao People’s Democratic Republic", "LA"),
            ("Türkiye", "TR"),
            ("São Tomé & Príncipe", "ST"),
            ("Trinidad & Tobago", "TT"),
        ] {
            assert_eq!(look_up("Country", text).map(|country| country.alpha2), Some(code), "{text}");
        }
        for text in ["Atlantis", "XX", "XXX", "0", "000", "1000", "-1", "U", "the", ""] {
            assert_eq!(look_up("Country", text), None, "{text}");
        }
        let code = |member, text| look_up(member, text).map(|country| country.alpha2);
        assert_eq!(code("Country2AlphaCode", "UK"), Some("GB"));
        assert_eq!(code("CountryName", "U.S.A."), Some("US"));
        assert_eq!(look_up("Country3AlphaCode", "UK"), None);
        assert_eq!(look_up("Country2AlphaCode", "USA"), None);
        assert_eq!(look_up("Country3AlphaCode", "US"), None);
        assert_eq!(look_up("CountryNumericCode", "US"), None);
    }
}
