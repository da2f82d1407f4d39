// Keeps the ConfigMaps of the namespace default by an informer, and for each line of its input says what it keeps: one JSON object a
// line, resource versions by name.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		panic(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		panic(err)
	}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace("default"))
	maps := factory.Core().V1().ConfigMaps()
	lister := maps.Lister()
	factory.Start(nil)
	factory.WaitForCacheSync(nil)
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		kept, err := lister.List(labels.Everything())
		if err != nil {
			panic(err)
		}
		versions := map[string]string{}
		for _, one := range kept {
			versions[one.Name] = one.ResourceVersion
		}
		if err := json.NewEncoder(os.Stdout).Encode(versions); err != nil {
			panic(err)
		}
	}
}
