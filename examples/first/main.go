// First is the shortest useful program. It lists the cards of a stand-in for the platform.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func main() {
	srv := quecloudtest.NewServer() // stands in for the platform
	defer srv.Close()
	client := srv.Client() // with an account: quecloud.NewClient(appKey, secret)

	list, err := client.Cards.List(context.Background(), &quecloud.CardListParams{PageSize: 10})
	if err != nil {
		log.Fatal(err)
	}
	for _, card := range list.Cards {
		fmt.Println(card.ICCID, card.Carrier, card.Status, card.MonthFlow, "MB")
	}
}
