package main

import (
	"context"
	"fmt"
	"log"

	"github.com/approute/approute-go"
)

func main() {
	// The key comes from APPROUTE_API_KEY, another server's address from APPROUTE_BASE_URL.
	client, err := approute.New()
	if err != nil {
		log.Fatal(err)
	}
	link, err := client.Links.Create(context.Background(), approute.LinkCreateParams{
		URL:     "https://northpeak.example/autumn-drop",
		SubID:   approute.Set("nora-lind"),
		Targets: &approute.TargetsInput{IOS: &approute.IOSTargetInput{AppStoreID: approute.Set("6470010001")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("share", link.ShortURL)
	fmt.Println("so far it has", link.ClickCount, "clicks")
}
