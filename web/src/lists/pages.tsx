export function SessionsPage() {
  return null;
}
export function ModelsPage() {
  return null;
}
export function EventsPage() {
  return null;
}
