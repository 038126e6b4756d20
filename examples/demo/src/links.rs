//! From a row of the CSV to a link, and back.

use approute::models::{
    AndroidTargetInput, AndroidTargetPatch, BatchLinkUpdate, IosTargetInput, IosTargetPatch, Link,
    LinkCreate, TargetsInput, TargetsPatch, UtmInput,
};

use crate::creators::Creator;

/// The link that this creator is to get.
pub fn wanted(creator: &Creator, program: &str) -> LinkCreate {
    let mut utm = UtmInput::new().source(&creator.platform).medium("creator");
    if let Some(campaign) = &creator.utm_campaign {
        utm = utm.campaign(campaign);
    }
    let mut targets = TargetsInput::new();
    if let Some(id) = &creator.app_store_id {
        targets = targets.ios(IosTargetInput::new().app_store_id(id));
    }
    if let Some(name) = &creator.package_name {
        targets = targets.android(AndroidTargetInput::new().package_name(name));
    }
    LinkCreate::new(&creator.destination)
        .external_id(&creator.external_id)
        .slug(&creator.slug)
        .title(&creator.name)
        .tags([&creator.platform])
        .sub_id(&creator.sub_id)
        .program_id(program)
        .utm(utm)
        .targets(targets)
}

/// What has to change in the link of an earlier run, if anything. Its slug stays: people have it.
pub fn change(creator: &Creator, link: &Link) -> Option<BatchLinkUpdate> {
    let mut update = BatchLinkUpdate::new(&link.id);
    let mut changed = false;
    if link.url != creator.destination {
        (update, changed) = (update.url(&creator.destination), true);
    }
    if link.title.as_deref() != Some(&creator.name) {
        (update, changed) = (update.title(&creator.name), true);
    }
    if link.sub_id.as_deref() != Some(&creator.sub_id) {
        (update, changed) = (update.sub_id(&creator.sub_id), true);
    }
    let app_store_id = link
        .targets
        .ios
        .as_ref()
        .and_then(|ios| ios.app_store_id.as_deref());
    let package_name = link
        .targets
        .android
        .as_ref()
        .and_then(|android| android.package_name.as_deref());
    let mut targets = TargetsPatch::new();
    if app_store_id != creator.app_store_id.as_deref() {
        changed = true;
        targets = match &creator.app_store_id {
            Some(id) => targets.ios(IosTargetPatch::new().app_store_id(id)),
            None => targets.clear_ios(),
        };
    }
    if package_name != creator.package_name.as_deref() {
        changed = true;
        targets = match &creator.package_name {
            Some(name) => targets.android(AndroidTargetPatch::new().package_name(name)),
            None => targets.clear_android(),
        };
    }
    changed.then(|| update.targets(targets))
}
