package provider

import (
	"context"
	"encoding/base64"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/approute/approute-go"
)

// qrDataSource is approute_qr.
type qrDataSource struct{ *service }

var _ datasource.DataSourceWithConfigure = &qrDataSource{}

type qrModel struct {
	LinkID          types.String `tfsdk:"link_id"`
	Format          types.String `tfsdk:"format"`
	Size            types.Int64  `tfsdk:"size"`
	Margin          types.Int64  `tfsdk:"margin"`
	ErrorCorrection types.String `tfsdk:"error_correction"`
	Foreground      types.String `tfsdk:"foreground"`
	Background      types.String `tfsdk:"background"`
	ContentType     types.String `tfsdk:"content_type"`
	ContentBase64   types.String `tfsdk:"content_base64"`
	SVG             types.String `tfsdk:"svg"`
}

func (d *qrDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "approute_qr"
}

func (d *qrDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.service = serviceOf(req.ProviderData, &resp.Diagnostics)
}

func (d *qrDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	color := func(description string) schema.Attribute {
		return schema.StringAttribute{MarkdownDescription: description, Optional: true,
			Validators: form(colorPattern, "must be six hexadecimal digits, such as 1a2b3c")}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A link's QR code, to be written to a file with `local_file` or put into a bucket. Visits by it are counted as such. " +
			"The same settings give the same bytes.",
		Attributes: map[string]schema.Attribute{
			"link_id": schema.StringAttribute{
				MarkdownDescription: "The link's id, `lnk_…`.",
				Required:            true,
				Validators:          form(linkIDPattern, "must be a link's id, lnk_…"),
			},
			"format": schema.StringAttribute{
				MarkdownDescription: "`png`, `svg` or `pdf`; `png` by default.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.OneOf("png", "svg", "pdf")},
			},
			"size": schema.Int64Attribute{
				MarkdownDescription: "Width and height in pixels (PNG) or points (SVG, PDF), margin included, 64 to 4096; 512 by default.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.Between(64, 4096)},
			},
			"margin": schema.Int64Attribute{
				MarkdownDescription: "The quiet zone around the code in modules, 0 to 16; 4 by default.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.Between(0, 16)},
			},
			"error_correction": schema.StringAttribute{
				MarkdownDescription: "How much of the code may be damaged: `L`, `M`, `Q` or `H` (7, 15, 25 or 30 %); `M` by default.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.OneOf("L", "M", "Q", "H")},
			},
			"foreground":   color("The colour of the modules, six hexadecimal digits without `#`; `000000` by default."),
			"background":   color("The colour behind them; `ffffff` by default. It must contrast with `foreground`."),
			"content_type": schema.StringAttribute{MarkdownDescription: "The media type, such as `image/png`.", Computed: true},
			"content_base64": schema.StringAttribute{
				MarkdownDescription: "The file in base64, as `content_base64` of `local_file` takes it.",
				Computed:            true,
			},
			"svg": schema.StringAttribute{MarkdownDescription: "The file as text, where `format` is `svg`.", Computed: true},
		},
	}
}

func (d *qrDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model qrModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.ready(&resp.Diagnostics) {
		return
	}
	params := approute.QRGetParams{
		Format:          approute.QRFormat(model.Format.ValueString()),
		Size:            model.Size.ValueInt64(),
		Margin:          absentForNull(number(model.Margin)),
		ErrorCorrection: approute.QRErrorCorrection(model.ErrorCorrection.ValueString()),
		Foreground:      model.Foreground.ValueString(),
		Background:      model.Background.ValueString(),
	}
	if params.Format == "" {
		params.Format = approute.QRFormatPNG
	}
	code, err := call(ctx, d.service, func(ctx context.Context, options ...approute.CallOption) (*approute.Binary, error) {
		return d.client.QR.Get(ctx, model.LinkID.ValueString(), params, options...)
	})
	if err != nil {
		d.explain(&resp.Diagnostics, "The QR code cannot be drawn", err)
		return
	}
	model.ContentType = types.StringValue(code.ContentType)
	model.ContentBase64 = types.StringValue(base64.StdEncoding.EncodeToString(code.Data))
	model.SVG = types.StringNull()
	if params.Format == approute.QRFormatSVG {
		model.SVG = types.StringValue(string(code.Data))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
