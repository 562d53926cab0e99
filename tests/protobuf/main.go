// What the fake API server's Protobuf is written by and held to, out of Kubernetes' own types: again after a new release by
//
//	go run . schema > ../objects/protobuf-schema.json
//	go run . corpus > ../objects/protobuf-corpus.json
package main

import (
	"bufio"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		usage()
	}
	out := bufio.NewWriter(os.Stdout)
	var err error
	switch os.Args[1] {
	case "schema":
		err = writeSchema(out)
	case "corpus":
		err = writeCorpus(out)
	default:
		usage()
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: go run . schema|corpus")
	os.Exit(2)
}
