package provider

import (
	"maps"
	"reflect"
	"slices"

	"github.com/approute/approute-go"
)

// patch gives the update that makes a link what is wanted of what it is, and the attributes in which they differ, password
// aside. Slug and domain are not compared: no update changes them.
func patch(want, have *linkFields) (approute.LinkUpdateParams, []string) {
	var params approute.LinkUpdateParams
	var names []string
	differ := func(name string, same bool) bool {
		if !same {
			names = append(names, name)
		}
		return !same
	}
	if differ("url", want.URL.Equal(have.URL)) {
		params.URL = text(want.URL)
	}
	if differ("external_id", want.ExternalID.Equal(have.ExternalID)) {
		params.ExternalID = text(want.ExternalID)
	}
	if differ("title", want.Title.Equal(have.Title)) {
		params.Title = text(want.Title)
	}
	if differ("notes", want.Notes.Equal(have.Notes)) {
		params.Notes = text(want.Notes)
	}
	if differ("tags", sameSet(want.Tags, have.Tags)) {
		params.Tags = approute.Set(want.Tags)
	}
	if differ("targets", reflect.DeepEqual(want.targets(), have.targets())) {
		params.Targets = approute.Set(targetsPatch(want.targets()))
	}
	if differ("geo", maps.Equal(want.Geo, have.Geo)) {
		params.Geo = approute.Set(geoPatch(want.Geo, have.Geo))
	}
	if differ("variants", slices.Equal(want.Variants, have.Variants)) {
		params.Variants = approute.Set(variantInputs(want.Variants))
	}
	if differ("utm", reflect.DeepEqual(want.utm(), have.utm())) {
		params.UTM = approute.Set(utmPatch(want.utm()))
	}
	if differ("forward_query", want.ForwardQuery.Equal(have.ForwardQuery)) {
		params.ForwardQuery = approute.Set(want.ForwardQuery.ValueBool())
	}
	if differ("redirect_status", want.RedirectStatus.Equal(have.RedirectStatus)) {
		params.RedirectStatus = approute.Set(approute.RedirectStatus(want.RedirectStatus.ValueInt64()))
	}
	if differ("password_policy", reflect.DeepEqual(want.PasswordPolicy, have.PasswordPolicy)) {
		params.PasswordPolicy = passwordPolicyPatch(want.PasswordPolicy)
	}
	if differ("starts_at", want.StartsAt.same(have.StartsAt)) {
		params.StartsAt = want.StartsAt.field()
	}
	if differ("expires_at", want.ExpiresAt.same(have.ExpiresAt)) {
		params.ExpiresAt = want.ExpiresAt.field()
	}
	if differ("expired_url", want.ExpiredURL.Equal(have.ExpiredURL)) {
		params.ExpiredURL = text(want.ExpiredURL)
	}
	if differ("click_limit", want.ClickLimit.Equal(have.ClickLimit)) {
		params.ClickLimit = number(want.ClickLimit)
	}
	if differ("click_thresholds", sameSet(want.ClickThresholds, have.ClickThresholds)) {
		params.ClickThresholds = approute.Set(want.ClickThresholds)
	}
	if differ("program_id", want.ProgramID.Equal(have.ProgramID)) {
		params.ProgramID = text(want.ProgramID)
	}
	if differ("sub_id", want.SubID.Equal(have.SubID)) {
		params.SubID = text(want.SubID)
	}
	if differ("archived", want.Archived.Equal(have.Archived)) {
		params.Archived = approute.Set(want.Archived.ValueBool())
	}
	return params, names
}

// targets gives the app targets; none are the same as empty ones.
func (f *linkFields) targets() targetsModel {
	if f.Targets == nil {
		return targetsModel{}
	}
	return *f.Targets
}

// utm gives the parameters; none are the same as empty ones.
func (f *linkFields) utm() utmModel {
	if f.UTM == nil {
		return utmModel{}
	}
	return *f.UTM
}

// targetsPatch names everything: an update merges objects, so that what is left out would stay.
func targetsPatch(want targetsModel) approute.TargetsPatch {
	patch := approute.TargetsPatch{IOS: approute.Null[approute.IOSTargetPatch](), Android: approute.Null[approute.AndroidTargetPatch]()}
	if ios := want.IOS; ios != nil {
		patch.IOS = approute.Set(approute.IOSTargetPatch{
			AppStoreID:       text(ios.AppStoreID),
			BundleID:         text(ios.BundleID),
			UniversalLinkURL: text(ios.UniversalLinkURL),
			FallbackURL:      text(ios.FallbackURL),
			MinVersion:       text(ios.MinVersion),
		})
	}
	if android := want.Android; android != nil {
		patch.Android = approute.Set(approute.AndroidTargetPatch{
			PackageName:    text(android.PackageName),
			AppLinkURL:     text(android.AppLinkURL),
			FallbackURL:    text(android.FallbackURL),
			MinVersionCode: number(android.MinVersionCode),
		})
	}
	return patch
}

func utmPatch(want utmModel) approute.UTMPatch {
	return approute.UTMPatch{
		Source:   text(want.Source),
		Medium:   text(want.Medium),
		Campaign: text(want.Campaign),
		Term:     text(want.Term),
		Content:  text(want.Content),
	}
}

func passwordPolicyPatch(want *passwordPolicyModel) approute.Field[approute.PasswordPolicyPatch] {
	if want == nil {
		return approute.Null[approute.PasswordPolicyPatch]()
	}
	return approute.Set(approute.PasswordPolicyPatch{
		MaxFailures:   number(want.MaxFailures),
		WindowSeconds: number(want.WindowSeconds),
	})
}

// geoPatch sets what is wanted and removes the rest.
func geoPatch(want, have map[string]string) approute.GeoPatch {
	patch := approute.GeoPatch{}
	for country := range have {
		if _, stays := want[country]; !stays {
			patch[country] = approute.Null[string]()
		}
	}
	for country, url := range want {
		if have[country] != url {
			patch[country] = approute.Set(url)
		}
	}
	return patch
}
