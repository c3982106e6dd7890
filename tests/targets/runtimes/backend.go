// Tells its clock, calls Stripe when it is asked to, and has a timer of five minutes.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func stripe() string {
	request, err := http.NewRequest("GET", "https://api.stripe.com/v1/balance", nil)
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("STRIPE_SECRET_KEY"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	return fmt.Sprint(answer.StatusCode)
}

func main() {
	go func() {
		for now := range time.Tick(5 * time.Minute) {
			fmt.Println("tick at", now.Unix())
		}
	}()
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		said := fmt.Sprint(time.Now().Unix())
		if request.URL.Path == "/stripe" {
			said = stripe()
		}
		io.WriteString(answer, said)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
