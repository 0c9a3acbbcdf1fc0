//! Maximum matching in a bipartite graph (Hopcroft and Karp).

use std::collections::VecDeque;

use avow_budget::{Budget, Exceeded};

const FREE: usize = usize::MAX;

/// A largest set of edges without a common end, as pairs of left and right indices, ordered by the left.
pub(super) fn maximum_matching(
    edges: &[Vec<usize>],
    right_size: usize,
    budget: &Budget,
) -> Result<Vec<(usize, usize)>, Exceeded> {
    let mut left = vec![FREE; edges.len()];
    let mut right = vec![FREE; right_size];
    while let Some(mut distance) = layers(edges, &left, &right, budget)? {
        for start in 0..edges.len() {
            if left[start] == FREE {
                augment(start, edges, &mut left, &mut right, &mut distance, budget)?;
            }
        }
    }
    Ok(left.into_iter().enumerate().filter(|(_, right)| *right != FREE).collect())
}

/// The length of the shortest alternating path to each left vertex; `None` if none ends at a free right vertex.
fn layers(
    edges: &[Vec<usize>],
    left: &[usize],
    right: &[usize],
    budget: &Budget,
) -> Result<Option<Vec<usize>>, Exceeded> {
    let mut distance = vec![FREE; edges.len()];
    let mut queue = VecDeque::new();
    for (vertex, partner) in left.iter().enumerate() {
        if *partner == FREE {
            distance[vertex] = 0;
            queue.push_back(vertex);
        }
    }
    let mut reaches_free = false;
    while let Some(vertex) = queue.pop_front() {
        budget.spend(1 + edges[vertex].len() as u64)?;
        for neighbour in &edges[vertex] {
            match right[*neighbour] {
                FREE => reaches_free = true,
                next if distance[next] == FREE => {
                    distance[next] = distance[vertex] + 1;
                    queue.push_back(next);
                }
                _ => {}
            }
        }
    }
    Ok(reaches_free.then_some(distance))
}

/// Finds an augmenting path from `start` along the layers and turns it over.
fn augment(
    start: usize,
    edges: &[Vec<usize>],
    left: &mut [usize],
    right: &mut [usize],
    distance: &mut [usize],
    budget: &Budget,
) -> Result<(), Exceeded> {
    // The path so far: left vertices and the next of their edges to try.
    let mut path = vec![(start, 0)];
    while let Some((vertex, next)) = path.last_mut() {
        budget.step()?;
        let vertex = *vertex;
        let Some(neighbour) = edges[vertex].get(*next) else {
            distance[vertex] = FREE;
            path.pop();
            continue;
        };
        *next += 1;
        match right[*neighbour] {
            FREE => {
                for (vertex, next) in path {
                    let neighbour = edges[vertex][next - 1];
                    right[neighbour] = vertex;
                    left[vertex] = neighbour;
                }
                return Ok(());
            }
            partner if distance[partner] != FREE && distance[partner] == distance[vertex].wrapping_add(1) => {
                path.push((partner, 0));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_largest() {
        let table: [(&[&[usize]], usize, usize); 5] = [
            (&[], 0, 0),
            (&[&[0], &[0]], 1, 1),
            (&[&[0, 1], &[0]], 2, 2),
            (&[&[0], &[0, 1], &[1, 2]], 3, 3),
            (&[&[1], &[1], &[0, 1, 2]], 3, 2),
        ];
        for (edges, right_size, size) in table {
            let edges: Vec<Vec<usize>> = edges.iter().map(|edges| edges.to_vec()).collect();
            let matching = maximum_matching(&edges, right_size, &Budget::unlimited()).expect("no limit");
            assert_eq!(matching.len(), size, "{edges:?}");
        }
    }
}
