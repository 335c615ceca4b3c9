package live

import (
	"context"
	"iter"
	"sync"
)

// queue is what waits for a goroutine. Nobody waits to put something in.
type queue[T any] struct {
	mu    sync.Mutex
	items []T
	wake  chan struct{}
}

func (q *queue[T]) init() { q.wake = make(chan struct{}, 1) }

func (q *queue[T]) put(item T) {
	q.mu.Lock()
	q.items = append(q.items, item)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns all that waits.
func (q *queue[T]) take() []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items = nil
	return items
}

// all yields what waits, all at once, until ctx ends.
func (q *queue[T]) all(ctx context.Context) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for {
			select {
			case <-q.wake:
				if items := q.take(); len(items) > 0 && !yield(items) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}
