package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"raftsim/scenarios/mutants"
	"raftsim/scenarios/shrink"
)

// A raftsim with a fault asks one without, while it shrinks, whether what is left shows the fault or fails whatever the core. The one
// with the fault was started by the other, which told where it is; it starts it again, and asks by lines of JSON.

// soundQuestion is a scenario without mutant, and the seed to play it with.
type soundQuestion struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
}

// soundAnswer says whether nothing was wrong, or why that could not be found out.
type soundAnswer struct {
	Sound bool   `json:"sound"`
	Error string `json:"error,omitempty"`
}

// mostQuestion bounds the length of a question, in bytes.
const mostQuestion = 32 << 20

// soundCommand is not for people.
func soundCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    "sound",
		Short:  "Answer whether scenarios show nothing wrong",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			questions := bufio.NewScanner(s.in)
			questions.Buffer(nil, mostQuestion)
			for questions.Scan() {
				var q soundQuestion
				var a soundAnswer
				err := json.Unmarshal(questions.Bytes(), &q)
				if err == nil {
					a.Sound, err = shrink.Sound([]byte(q.Scenario), q.Seed)
				}
				if err != nil {
					a.Error = err.Error()
				}
				if err := s.printJSON(a); err != nil {
					return err
				}
			}
			return questions.Err()
		},
	}
}

// askSound returns how to ask the raftsim without the fault, nil where this is it or none is known, and what ends that one.
func askSound() (ask func([]byte, uint64) (bool, error), end func(), err error) {
	path := os.Getenv(mutants.SoundVariable)
	if mutated == "" || path == "" {
		return nil, func() {}, nil
	}
	cmd := exec.Command(path, "sound")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("the raftsim without the fault cannot be asked: %w", err)
	}
	questions, answers := json.NewEncoder(in), json.NewDecoder(out)
	ask = func(text []byte, seed uint64) (bool, error) {
		var a soundAnswer
		err := questions.Encode(soundQuestion{string(text), seed})
		if err == nil {
			err = answers.Decode(&a)
		}
		if err == nil && a.Error != "" {
			err = errors.New(a.Error)
		}
		if err != nil {
			return false, fmt.Errorf("the raftsim without the fault, %s, does not answer: %w", path, err)
		}
		return a.Sound, nil
	}
	end = func() {
		in.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	}
	return ask, end, nil
}
