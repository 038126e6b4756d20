package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/approute/approute-go"
)

// instantType is a time in RFC 3339. Two texts are equal where they mean the same instant: the API answers in UTC,
// whatever offset a configuration has. (RFC3339 of terraform-plugin-framework-timetypes compares offsets too.)
type instantType struct{ basetypes.StringType }

// instant is a value of instantType.
type instant struct{ basetypes.StringValue }

var (
	_ basetypes.StringTypable                    = instantType{}
	_ basetypes.StringValuableWithSemanticEquals = instant{}
	_ xattr.ValidateableAttribute                = instant{}
)

func (instantType) String() string { return "instantType" }

func (t instantType) Equal(other attr.Type) bool {
	_, same := other.(instantType)
	return same
}

func (instantType) ValueType(context.Context) attr.Value { return instant{} }

func (instantType) ValueFromString(_ context.Context, text basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return instant{text}, nil
}

func (t instantType) ValueFromTerraform(ctx context.Context, raw tftypes.Value) (attr.Value, error) {
	value, err := t.StringType.ValueFromTerraform(ctx, raw)
	if err != nil {
		return nil, err
	}
	text, ok := value.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("a string is a %T", value)
	}
	return instant{text}, nil
}

func (instant) Type(context.Context) attr.Type { return instantType{} }

func (v instant) Equal(other attr.Value) bool {
	o, ok := other.(instant)
	return ok && v.StringValue.Equal(o.StringValue)
}

func (v instant) StringSemanticEquals(_ context.Context, other basetypes.StringValuable) (bool, diag.Diagnostics) {
	o, ok := other.(instant)
	return ok && v.same(o), nil
}

// same says whether both are the same instant, or both null.
func (v instant) same(other instant) bool {
	if v.IsNull() || other.IsNull() {
		return v.IsNull() == other.IsNull()
	}
	a, err := v.time()
	if err != nil {
		return false
	}
	b, err := other.time()
	return err == nil && a.Equal(b)
}

func (v instant) time() (time.Time, error) { return time.Parse(time.RFC3339, v.ValueString()) }

func (v instant) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if v.IsNull() || v.IsUnknown() {
		return
	}
	at, err := v.time()
	switch {
	case err != nil:
		resp.Diagnostics.AddAttributeError(req.Path, "This is no time",
			fmt.Sprintf("%q must be a time in RFC 3339, such as 2027-01-31T18:00:00Z or 2027-01-31T18:00:00+01:00.", v.ValueString()))
	case at.Nanosecond()%1000 != 0:
		resp.Diagnostics.AddAttributeError(req.Path, "This time is too exact", "AppRoute keeps times to the microsecond: use six decimals at most.")
	}
}

// keepSameInstant plans no change where a configuration writes the same instant in another way than the state: after an
// import, the state has it as the API does.
type keepSameInstant struct{}

func (keepSameInstant) Description(context.Context) string { return "the same instant is no change" }

func (m keepSameInstant) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

func (keepSameInstant) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	if (instant{req.StateValue}).same(instant{req.PlanValue}) {
		resp.PlanValue = req.StateValue
	}
}

// instantOf shows a time of the API.
func instantOf(field approute.Field[time.Time]) instant {
	at, ok := field.Get()
	if !ok {
		return instant{basetypes.NewStringNull()}
	}
	return instant{basetypes.NewStringValue(at.UTC().Format(time.RFC3339Nano))}
}

// field gives what an update sends: null clears. The text has been validated.
func (v instant) field() approute.Field[time.Time] {
	at, err := v.time()
	if v.IsNull() || err != nil {
		return approute.Null[time.Time]()
	}
	return approute.Set(at)
}
