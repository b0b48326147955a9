package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

const (
	boundsMax          = 50
	boundCharactersMax = 249
)

var boundsTypes = map[string]attr.Type{
	"read":  types.ListType{ElemType: types.StringType},
	"write": types.ListType{ElemType: types.StringType},
}

var apiKeyBoundsAttribute = schema.SingleNestedAttribute{
	MarkdownDescription: "What the key may do at most, whatever the access rules of the cluster allow: topics by the " +
		"beginnings of their names, `*` for all. What is in neither list it may not do. Left out, the key has no bounds.",
	Optional:      true,
	PlanModifiers: []planmodifier.Object{objectplanmodifier.RequiresReplace()},
	Attributes: map[string]schema.Attribute{
		"read":  boundAttribute("Topics that it may read."),
		"write": boundAttribute("Topics that it may write."),
	},
}

func boundAttribute(text string) schema.Attribute {
	none := types.ListValueMust(types.StringType, []attr.Value{})
	return schema.ListAttribute{
		MarkdownDescription: text + " None if it is left out.",
		ElementType:         types.StringType,
		Optional:            true,
		Computed:            true,
		Default:             listdefault.StaticValue(none),
		Validators: []validator.List{
			listvalidator.SizeAtMost(boundsMax),
			listvalidator.ValueStringsAre(stringvalidator.LengthBetween(1, boundCharactersMax)),
		},
	}
}

func boundsOf(value types.Object) *api.APIKeyBounds {
	if value.IsNull() || value.IsUnknown() {
		return nil
	}
	return &api.APIKeyBounds{Read: textsOf(value, "read"), Write: textsOf(value, "write")}
}

func boundsValue(bounds *api.APIKeyBounds) types.Object {
	if bounds == nil {
		return types.ObjectNull(boundsTypes)
	}
	return types.ObjectValueMust(boundsTypes, map[string]attr.Value{
		"read": listValue(bounds.Read), "write": listValue(bounds.Write),
	})
}

func textsOf(value types.Object, name string) []string {
	texts := []string{}
	if list, ok := value.Attributes()[name].(types.List); ok {
		for _, element := range list.Elements() {
			if text, ok := element.(types.String); ok {
				texts = append(texts, text.ValueString())
			}
		}
	}
	return texts
}

func listValue(texts []string) types.List {
	values := make([]attr.Value, len(texts))
	for index, text := range texts {
		values[index] = types.StringValue(text)
	}
	return types.ListValueMust(types.StringType, values)
}
