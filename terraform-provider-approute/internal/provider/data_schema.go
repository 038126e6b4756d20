package provider

import (
	"fmt"

	data "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// shownAttributes makes attributes of a data source from those of a resource: the same names, types and descriptions, but
// all read only.
func shownAttributes(attributes map[string]schema.Attribute) map[string]data.Attribute {
	shown := make(map[string]data.Attribute, len(attributes))
	for name, attribute := range attributes {
		shown[name] = shownAttribute(attribute)
	}
	return shown
}

func shownAttribute(attribute schema.Attribute) data.Attribute {
	text := attribute.GetMarkdownDescription()
	switch attribute := attribute.(type) {
	case schema.StringAttribute:
		return data.StringAttribute{MarkdownDescription: text, Computed: true, CustomType: attribute.CustomType}
	case schema.BoolAttribute:
		return data.BoolAttribute{MarkdownDescription: text, Computed: true}
	case schema.Int64Attribute:
		return data.Int64Attribute{MarkdownDescription: text, Computed: true}
	case schema.SetAttribute:
		return data.SetAttribute{MarkdownDescription: text, Computed: true, ElementType: attribute.ElementType}
	case schema.MapAttribute:
		return data.MapAttribute{MarkdownDescription: text, Computed: true, ElementType: attribute.ElementType}
	case schema.SingleNestedAttribute:
		return data.SingleNestedAttribute{MarkdownDescription: text, Computed: true, Attributes: shownAttributes(attribute.Attributes)}
	case schema.ListNestedAttribute:
		return data.ListNestedAttribute{MarkdownDescription: text, Computed: true,
			NestedObject: data.NestedAttributeObject{Attributes: shownAttributes(attribute.NestedObject.Attributes)}}
	}
	// A new kind of attribute is noticed by every test.
	panic(fmt.Sprintf("no data source shows a %T", attribute))
}
