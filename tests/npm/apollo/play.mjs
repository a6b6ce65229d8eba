// Reads URLs, one a line, and tells for each what Apollo Client makes of the answer there.
import { createInterface } from "node:readline";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";

const DOCUMENTS = {
  query: gql`query GetUser { user { id name email } }`,
  mutation: gql`mutation Rename { rename(name: "ada") { id name email } }`,
};

async function told(url, kind) {
  const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: url }) });
  const asked = kind === "query" ? client.query({ query: DOCUMENTS.query, fetchPolicy: "no-cache" }) : client.mutate({ mutation: DOCUMENTS.mutation });
  const late = new Promise((resolve) => setTimeout(resolve, 800, { late: true }));
  try {
    const result = await Promise.race([asked, late]);
    if (result.late) return "waits";
    return result.error ? result.error.name : result.data ? "data" : "nothing";
  } catch (error) {
    return error.name;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [url, kind] = line.split(" ");
  console.log(await told(url, kind));
}
process.exit(0);
