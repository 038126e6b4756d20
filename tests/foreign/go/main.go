// Creates a link with the client that oapi-codegen made, and reads it back.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"example.com/foreign/api"
)

func main() {
	ctx := context.Background()
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Getenv("APPROUTE_API_KEY"))
		return nil
	}
	client, err := api.NewClientWithResponses(os.Getenv("APPROUTE_BASE_URL"), api.WithRequestEditorFn(authorize))
	if err != nil {
		log.Fatal(err)
	}

	slug := "from-go"
	body := api.LinkCreate{Url: "https://example.com/autumn", Slug: &slug, Tags: &api.Tags{"autumn"}}
	created, err := client.LinksCreateWithResponse(ctx, nil, body)
	if err != nil || created.JSON201 == nil {
		log.Fatal(err, string(created.Body))
	}
	link := created.JSON201

	got, err := client.LinksGetWithResponse(ctx, link.Id, nil)
	if err != nil || got.JSON200 == nil {
		log.Fatal(err, string(got.Body))
	}
	if read := got.JSON200; read.Url != body.Url || read.Slug != slug || len(read.Tags) != 1 || read.Title != nil {
		log.Fatalf("%+v", read)
	}

	again, err := client.LinksCreateWithResponse(ctx, nil, body)
	if err != nil {
		log.Fatal(err)
	}
	if problem := again.ApplicationproblemJSON409; problem == nil || problem.Code != "slug_taken" {
		log.Fatal(string(again.Body))
	}
	fmt.Println(link.ShortUrl, "leads to", got.JSON200.Url)
}
