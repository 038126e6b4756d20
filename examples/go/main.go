// Command creators gives every creator of a CSV a link, by one batch, and prints the links with their clicks.
//
//	APPROUTE_API_KEY=… go run . ../creators.csv
//
// Run it again: links that are there already are found by their external id, and nothing is made twice.
package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"text/tabwriter"

	"github.com/approute/approute-go"
)

const program = "creators-example-go"

// The most that one batch carries out.
const batchSize = 1000

func main() {
	// Ctrl-C ends the call that is under way.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . CREATORS.csv")
		os.Exit(2)
	}
	if err := run(ctx, os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "creators:", advice(err))
		os.Exit(1)
	}
}

func run(ctx context.Context, path string, out io.Writer) error {
	wanted, err := read(path)
	if err != nil {
		return err
	}
	client, err := approute.New()
	if err != nil {
		return err
	}
	links, err := existing(ctx, client)
	if err != nil {
		return err
	}
	missing := wanted[:0:0]
	for _, link := range wanted {
		if _, ok := links[link.ExternalID.Or("")]; !ok {
			missing = append(missing, link)
		}
	}
	for start := 0; start < len(missing); start += batchSize {
		chunk := missing[start:min(start+batchSize, len(missing))]
		// All or nothing: a broken row stops the batch and is named, and a retry of the SDK makes nothing twice.
		result, err := client.Links.Batch(ctx, approute.LinkBatchParams{Create: chunk, Atomic: approute.Set(true)})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%d links made\n", result.Summary.Succeeded)
	}
	if len(missing) == 0 {
		fmt.Fprintln(out, "all links are there")
	}
	return table(ctx, client, out)
}

// existing gives the programme's links by external id.
func existing(ctx context.Context, client approute.Client) (map[string]*approute.Link, error) {
	links := map[string]*approute.Link{}
	for link, err := range client.Links.List(ctx, approute.LinkListParams{ProgramID: program, Limit: 100}).All() {
		if err != nil {
			return nil, err
		}
		links[link.ExternalID.Or("")] = link
	}
	return links, nil
}

func table(ctx context.Context, client approute.Client, out io.Writer) error {
	rows := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(rows, "sub id\tclicks\tlink")
	for link, err := range client.Links.List(ctx, approute.LinkListParams{ProgramID: program, Limit: 100}).All() {
		if err != nil {
			return err
		}
		fmt.Fprintf(rows, "%s\t%d\t%s\n", link.SubID.Or(""), link.ClickCount, link.ShortURL)
	}
	return rows.Flush()
}

// read makes a link of each row, by the names in the first one.
func read(path string) ([]approute.LinkCreateParams, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s is empty: the first row names the columns", path)
	}
	column := map[string]int{}
	for index, name := range rows[0] {
		column[name] = index
	}
	for _, name := range []string{"external_id", "name", "platform", "slug", "sub_id", "destination", "app_store_id", "package_name"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("%s has no column %s", path, name)
		}
	}
	links := make([]approute.LinkCreateParams, 0, len(rows)-1)
	for _, row := range rows[1:] {
		get := func(name string) string { return row[column[name]] }
		link := approute.LinkCreateParams{
			URL:        get("destination"),
			ExternalID: approute.Set(get("external_id")),
			Slug:       approute.Set("go-" + get("slug")),
			Title:      approute.Set(get("name")),
			Tags:       []string{get("platform")},
			ProgramID:  approute.Set(program),
			SubID:      approute.Set(get("sub_id")),
			Targets:    &approute.TargetsInput{},
		}
		if id := get("app_store_id"); id != "" {
			link.Targets.IOS = &approute.IOSTargetInput{AppStoreID: approute.Set(id)}
		}
		if name := get("package_name"); name != "" {
			link.Targets.Android = &approute.AndroidTargetInput{PackageName: approute.Set(name)}
		}
		links = append(links, link)
	}
	return links, nil
}

// advice says what to do about the errors that a first run meets.
func advice(err error) string {
	var failure *approute.Error
	switch {
	case errors.Is(err, approute.ErrAuthentication):
		return err.Error() + "; is APPROUTE_API_KEY the key of your workspace?"
	case errors.Is(err, approute.ErrConnection):
		return err.Error() + "; is the server of APPROUTE_BASE_URL running?"
	case errors.As(err, &failure) && len(failure.Errors) > 0:
		text := err.Error()
		for _, field := range failure.Errors {
			text += fmt.Sprintf("\n  %s: %s", field.Pointer, field.Message)
		}
		return text
	}
	return err.Error()
}
