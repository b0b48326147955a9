package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// To replace an object, Terraform plans twice: once with the state, then as if there were none. The
// second time its name is taken by the object that goes first, which is told by this mark of the first.
const presentKey = "present"

func markPresent(ctx context.Context, response *resource.ModifyPlanResponse) diag.Diagnostics {
	return response.Private.SetKey(ctx, presentKey, []byte("true"))
}

// warnOfNameTaken does not fail the plan: the object that has the name may be one that this plan
// destroys first, or one left over from a create that failed, which Terraform plans as a new one.
func warnOfNameTaken(
	ctx context.Context,
	request resource.ModifyPlanRequest,
	response *resource.ModifyPlanResponse,
	what string,
	err error,
) {
	mark, diagnostics := request.Private.GetKey(ctx, presentKey)
	response.Diagnostics.Append(diagnostics...)
	if mark != nil {
		return
	}
	response.Diagnostics.AddWarning(
		fmt.Sprintf("There is a %s of this name already", what),
		err.Error()+"\n\nUnless this plan destroys that one first, apply will fail. "+
			"To manage the one that exists, import it: terraform import.",
	)
}
