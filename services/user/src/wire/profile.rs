//! Profiles, and what is changed of them.

use service_kit::wire::timestamp;
use ultramarket_api::user::v1 as pb;

use super::Texts;
use crate::{
    Error,
    app::UpdateMe,
    domain::profile::{Change, Profile},
};

/// What an update may change.
const FIELDS: [&str; 4] = ["display_name", "phone", "locale", "marketing_consent"];
/// What only the service sets.
const OUTPUT_ONLY: [&str; 5] = ["user_id", "email", "seller", "create_time", "update_time"];

impl From<Profile> for pb::Profile {
    fn from(profile: Profile) -> Self {
        Self {
            etag: profile.etag(),
            user_id: profile.user.to_string(),
            email: profile.email,
            display_name: profile.about.display_name,
            phone: profile.about.phone,
            locale: profile.about.locale,
            marketing_consent: profile.about.marketing_consent,
            seller: profile.seller.map(Into::into),
            create_time: Some(timestamp(profile.created_at)),
            update_time: Some(timestamp(profile.updated_at)),
        }
    }
}

impl TryFrom<pb::UpdateMeRequest> for UpdateMe {
    type Error = Error;

    fn try_from(request: pb::UpdateMeRequest) -> Result<Self, Error> {
        let profile = request.profile.unwrap_or_default();
        let paths = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
        let mut texts = Texts::default();
        for path in &paths {
            let shown: String = path.chars().take(100).collect();
            match path.as_str() {
                // It says which version the change is for and is no part of the change.
                "*" | "etag" => {}
                path if OUTPUT_ONLY.contains(&path) => {
                    texts.refuse("updateMask", format!("{shown:?} is set by the service alone"));
                }
                path if !FIELDS.contains(&path) => {
                    texts.refuse("updateMask", format!("{shown:?} is no field of a profile"));
                }
                _ => {}
            }
        }
        // Without a mask, what is set is what changes.
        let named = |field: &str, is_set: bool| {
            if paths.is_empty() { is_set } else { paths.iter().any(|path| path == field || path == "*") }
        };
        let display_name = texts.plain("profile.displayName", &profile.display_name);
        let phone = texts.plain("profile.phone", &profile.phone);
        let change = Change {
            display_name: named("display_name", !display_name.is_empty()).then_some(display_name),
            phone: named("phone", !phone.is_empty()).then_some(phone),
            locale: named("locale", !profile.locale.is_empty()).then_some(profile.locale),
            marketing_consent: named("marketing_consent", profile.marketing_consent)
                .then_some(profile.marketing_consent),
        };
        let etag = Some(profile.etag).filter(|etag| !etag.is_empty());
        texts.done(Self { change, etag })
    }
}

#[cfg(test)]
mod tests {
    use kernel::Classify;
    use prost_types::FieldMask;

    use super::*;

    fn update(paths: &[&str]) -> Result<UpdateMe, Error> {
        let profile =
            pb::Profile { display_name: " Ann ".into(), email: "eve@example.com".into(), ..Default::default() };
        let update_mask = Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() });
        UpdateMe::try_from(pb::UpdateMeRequest { profile: Some(profile), update_mask })
    }

    #[test]
    fn a_mask_says_what_changes_even_to_nothing() {
        let ann = Some("Ann".to_owned());
        let empty = update(&[]).expect("is fine").change;
        assert_eq!(empty, Change { display_name: ann.clone(), ..Change::default() });
        let phone = update(&["phone", "etag"]).expect("is fine").change;
        assert_eq!(phone, Change { phone: Some(String::new()), ..Change::default() });
        let all = update(&["*"]).expect("is fine").change;
        let nothing = Some(String::new());
        let expected =
            Change { display_name: ann, phone: nothing.clone(), locale: nothing, marketing_consent: Some(false) };
        assert_eq!(all, expected);
    }

    #[test]
    fn a_mask_names_only_what_its_owner_may_change() {
        let long = "x".repeat(5000);
        let Err(error) = update(&["display_name", "email", "shoe_size", &long]) else { panic!("is refused") };
        let problems: Vec<String> = error.violations().iter().map(|violation| violation.description.clone()).collect();
        assert_eq!(problems[..2], ["\"email\" is set by the service alone", "\"shoe_size\" is no field of a profile"]);
        assert!(problems.len() == 3 && problems[2].len() < 200);
    }

    #[test]
    fn every_field_of_a_profile_is_one_or_the_other() {
        let sent = FIELDS.len() + OUTPUT_ONLY.len() + ["etag"].len();
        let file = ultramarket_api::FILE_DESCRIPTOR_SET;
        let set = <prost_types::FileDescriptorSet as prost::Message>::decode(file).expect("the contract decodes");
        let messages = set.file.into_iter().flat_map(|file| {
            let package = file.package.clone().unwrap_or_default();
            file.message_type.into_iter().map(move |message| (package.clone(), message))
        });
        let profile = messages
            .filter(|(package, _)| package == "ultramarket.user.v1")
            .find_map(|(_, message)| (message.name() == "Profile").then_some(message))
            .expect("the contract has profiles");
        assert_eq!(profile.field.len(), sent);
        for field in profile.field {
            let name = field.name();
            assert!(FIELDS.contains(&name) || OUTPUT_ONLY.contains(&name) || name == "etag", "{name}");
        }
    }
}
