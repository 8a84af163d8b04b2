"""Ask the advisor with OpenAI's own client: any program that talks to OpenAI's chat API can talk to this one."""

import os

from openai import OpenAI

server = os.environ.get("ADVISOR_URL", "http://127.0.0.1:7860")
client = OpenAI(base_url=f"{server}/v1", api_key=os.environ.get("ADVISOR_KEY", "none"))  # it insists on some key

conversation = []
for question in ("We are 25 people with two data scientists.", "What should we do next?"):
    conversation.append({"role": "user", "content": question})
    completion = client.chat.completions.create(model="mlops-advisor", messages=conversation)
    message = completion.choices[0].message
    conversation.append({"role": "assistant", "content": message.content})
    print(f"> {question}\n\n{message.content}\n")

for annotation in message.annotations or []:
    link = annotation.url_citation
    print(message.content[link.start_index : link.end_index], link.title)
